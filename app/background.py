"""What goes on while the server runs: again and again, and never cut off in the middle."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import structlog

_log = structlog.get_logger("holdfast.background")


@asynccontextmanager
async def repeated(
    name: str, act: Callable[[asyncio.Event], Awaitable[object]], *, interval: float
) -> AsyncIterator[None]:
    """Call ``act`` every ``interval`` seconds, the first time after one; at the end, wait for it.

    ``act`` gets an event that is set once it should come to an end. What it raises is logged.
    """
    stopping = asyncio.Event()

    async def follow() -> None:
        while not await _came(stopping, interval):
            try:
                await act(stopping)
            except Exception as error:  # noqa: BLE001  what fails once may work the next time
                _log.warning("background.failed", task=name, error=type(error).__name__)

    task = asyncio.create_task(follow(), name=name)
    try:
        yield
    finally:
        # Not cancelled: a query that is cut off takes its connection along.
        stopping.set()
        await task


async def _came(event: asyncio.Event, patience: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(patience):
            await event.wait()
    return event.is_set()
