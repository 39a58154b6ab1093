"""Opens transactions. In SQLite one process writes one at a time, waiting its turn here."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from .connection import Connection
from .engine import reading
from .errors import named_failures, unavailable
from .unit_of_work import SqlUnitOfWork


class Transactions:
    """oauth.ports.Database over an engine. ``turn_timeout`` in seconds.

    ``on_registered`` is called after each commit that changed a client or resource server.
    """

    def __init__(self, engine: AsyncEngine, *, turn_timeout: float) -> None:
        self._engine = engine
        self._reading = reading(engine)
        self._turn = asyncio.Lock() if engine.dialect.name == "sqlite" else None
        self._turn_timeout = turn_timeout
        self.on_registered: Callable[[], None] | None = None

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SqlUnitOfWork]:
        """Open a unit of work that writes. Leaving it without ``commit`` rolls back."""
        async with self._my_turn(), _connected(self._engine) as driver:
            with named_failures():
                await driver.begin()
            yield SqlUnitOfWork(Connection(driver, writes=True), self.on_registered)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqlUnitOfWork]:
        """Open a unit of work that only reads; each statement sees what is then committed."""
        async with _connected(self._reading) as driver:
            yield SqlUnitOfWork(Connection(driver, writes=False))

    @asynccontextmanager
    async def _my_turn(self) -> AsyncIterator[None]:
        if self._turn is None:
            yield
            return
        try:
            async with asyncio.timeout(self._turn_timeout):
                await self._turn.acquire()
        except TimeoutError:
            raise unavailable("no turn to write within the time allowed") from None
        try:
            yield
        finally:
            self._turn.release()


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with AsyncExitStack() as stack:
        with named_failures():
            driver = await stack.enter_async_context(engine.connect())
        yield driver
