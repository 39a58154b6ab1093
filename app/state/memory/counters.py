"""Assertion identifiers seen, and attempts counted, in one process."""

import math
from dataclasses import dataclass

from ...clock import Clock
from ..keys import assertion, compact, last_second
from .expiring import Expiring


class MemoryAssertions:
    """Implements ``oauth.ports.Assertions``."""

    def __init__(self, clock: Clock, born_at: float | None, limit: int) -> None:
        self._clock = clock
        self._born_at = born_at
        self._spent: Expiring[bytes, float] = Expiring(float, limit)

    @property
    def born_at(self) -> float | None:
        return self._born_at

    async def is_spent(self, client_id: str, jti: str) -> bool:
        return self._is_spent(assertion(client_id, jti))

    async def spend(self, client_id: str, jti: str, expires_at: float) -> bool:
        key = assertion(client_id, jti)
        if self._is_spent(key):
            return False
        self._spent.put(key, last_second(expires_at), self._clock.now())
        return True

    def _is_spent(self, key: bytes) -> bool:
        return self._spent.get(key, self._clock.now()) is not None


@dataclass(slots=True)
class _Window:
    ends_at: float
    count: int = 0


class MemoryAttempts:
    """Implements ``oauth.ports.Attempts``: ``limit`` in ``window`` seconds from the first."""

    def __init__(self, clock: Clock, attempts: int, window: float, limit: int) -> None:
        self._clock = clock
        self._attempts = attempts
        self._window = window
        self._windows: Expiring[bytes, _Window] = Expiring(lambda window: window.ends_at, limit)

    async def count(self, bucket: str) -> int:
        now = self._clock.now()
        key = compact(bucket)
        window = self._windows.get(key, now)
        if window is None:
            window = _Window(now + self._window)
            self._windows.put(key, window, now)
        window.count += 1
        return math.ceil(window.ends_at - now) if window.count > self._attempts else 0

    async def forgive(self, bucket: str) -> None:
        window = self._windows.get(compact(bucket), self._clock.now())
        # The window stays: were it deleted, every success would leave a dead entry until its end.
        if window is not None:
            window.count = 0
