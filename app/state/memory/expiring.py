"""A bounded dictionary whose entries leave when their time is over."""

import heapq
import math
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

from ...oauth.errors import TemporarilyUnavailable

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

SWEEP = 4
"""Due entries looked at for each one put in: the dead leave faster than the living come."""


class Expiring(Generic[K, V]):
    """Entries by key, each until its own time. Amortised O(1); never evicts a live entry.

    ``expires_at`` reads a value's end in POSIX seconds: it is found until then, and no more at that
    moment. ``limit`` bounds the entries held, dead ones that still wait for their turn included.
    """

    def __init__(self, expires_at: Callable[[V], float], limit: int) -> None:
        self._expires_at = expires_at
        self._limit = limit
        self._entries: dict[K, V] = {}
        self._due: dict[int, list[K]] = {}
        self._seconds: list[int] = []
        self._scheduled = 0

    def __len__(self) -> int:
        return self._scheduled

    def get(self, key: K, now: float) -> V | None:
        value = self._entries.get(key)
        return value if value is not None and self._expires_at(value) > now else None

    def make_room(self, now: float) -> None:
        """Drop some dead entries. Raises TemporarilyUnavailable when no room is left."""
        for _ in range(SWEEP):
            if not self._seconds or self._seconds[0] > now:
                break
            self._drop_one(now)
        if self._scheduled >= self._limit:
            raise TemporarilyUnavailable(
                "The server's short-term memory is full: try again later", part="state"
            )

    def put(self, key: K, value: V, now: float) -> None:
        """Insert or replace. Raises TemporarilyUnavailable when no room is left."""
        self.make_room(now)
        second = math.ceil(self._expires_at(value))
        before = self._entries.get(key)
        if before is None or math.ceil(self._expires_at(before)) != second:
            self._schedule(key, second)
        self._entries[key] = value

    def replace(self, key: K, value: V) -> None:
        """Change the value of an entry that stays until the same time."""
        self._entries[key] = value

    def delete(self, key: K) -> None:
        self._entries.pop(key, None)

    def items(self) -> Iterator[tuple[K, V]]:
        return iter(self._entries.items())

    def _schedule(self, key: K, second: int) -> None:
        if second not in self._due:
            self._due[second] = []
            heapq.heappush(self._seconds, second)
        self._due[second].append(key)
        self._scheduled += 1

    def _drop_one(self, now: float) -> None:
        second = self._seconds[0]
        due = self._due[second]
        key = due.pop()
        self._scheduled -= 1
        value = self._entries.get(key)
        # It may have been deleted, or put again with a later end.
        if value is not None and self._expires_at(value) <= now:
            del self._entries[key]
        if not due:
            del self._due[heapq.heappop(self._seconds)]
