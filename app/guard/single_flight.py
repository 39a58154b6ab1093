"""One piece of work at a time for all who wait for the same."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class SingleFlight(Generic[K, T]):
    """Who comes while a flight is under way shares its end, failure included.

    A flight goes on when those who wait for it are cancelled.
    """

    def __init__(self) -> None:
        self._flights: dict[K, asyncio.Task[T]] = {}

    def is_under_way(self, key: K) -> bool:
        return key in self._flights

    async def join(self, key: K, start: Callable[[], Awaitable[T]]) -> T:
        """Return what the flight for this key brings; start it if there is none."""
        task = self._flights.get(key)
        if task is None:
            task = asyncio.ensure_future(_run(start))
            self._flights[key] = task
            task.add_done_callback(lambda done: self._land(key, done))
        return await asyncio.shield(task)

    def _land(self, key: K, task: asyncio.Task[T]) -> None:
        del self._flights[key]
        # Looked at here, or a failure that nobody waits for any more would be reported as lost.
        if not task.cancelled():
            task.exception()


async def _run(start: Callable[[], Awaitable[T]]) -> T:
    return await start()
