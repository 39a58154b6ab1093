"""The guard for code that does not await: Flask, Django, plain WSGI."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Self, TypeVar

from .guard import Admitted, Guard
from .presented import Headers
from .requirement import ANY, Requirement

T = TypeVar("T")


class BlockingGuard:
    """Runs a guard in an event loop of its own, in a thread that ends with the process.

    ``open_guard`` makes the guard inside of that loop, so that it may connect to Redis there.
    Make one in each worker process, after the fork.
    """

    def __init__(self, open_guard: Callable[[], Awaitable[Guard]]) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="guard", daemon=True)
        self._thread.start()
        self._guard = self._wait(open_guard)

    @classmethod
    def of(cls, guard: Guard) -> Self:
        """Run a guard that needs no connection to be made first."""

        async def ready() -> Guard:
            return guard

        return cls(ready)

    def check(
        self, method: str, target: str, headers: Headers, requirement: Requirement = ANY
    ) -> Admitted:
        """As ``Guard.check``. Raises Refusal."""
        return self._wait(lambda: self._guard.check(method, target, headers, requirement))

    def close(self) -> None:
        """End the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, start: Callable[[], Awaitable[T]]) -> T:
        async def run() -> T:
            return await start()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()
