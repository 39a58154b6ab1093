"""What expires within minutes, in Redis: shared by every replica.

Each operation is one command or one script on keys of one slot. No answer, no memory: everything
fails closed with TemporarilyUnavailable, and works again by itself once Redis is back.
"""

from collections.abc import Sequence

from ...clock import Clock
from ..keys import ATTEMPT_LIMIT, ATTEMPT_WINDOW
from .connection import Connection, connect
from .counters import RedisAssertions, RedisAttempts
from .device_codes import RedisDeviceCodes
from .epochs import UnsuitableRedis
from .one_time import RedisCodes, RedisPushedRequests
from .proofs import RedisProofs
from .report import ServerReport, report
from .sessions import RedisSessions

__all__ = ["RedisState", "UnsuitableRedis"]


class RedisState:
    """Every store of this package. Made by ``connect``."""

    def __init__(
        self,
        connection: Connection,
        clock: Clock,
        *,
        attempt_limit: int,
        attempt_window: float,
    ) -> None:
        self._connection = connection
        self._epochs = connection.epochs
        link, keys = connection.link, connection.keys
        self.codes = RedisCodes(link, keys, clock)
        self.pushed_requests = RedisPushedRequests(link, keys, clock)
        self.device_codes = RedisDeviceCodes(link, keys, clock)
        self.assertions = RedisAssertions(link, keys, self._epochs, clock)
        self.attempts = RedisAttempts(link, keys, attempt_limit, attempt_window)
        self.proofs = RedisProofs(link, keys, self._epochs, clock)
        self.sessions = RedisSessions(link, keys, clock)

    @classmethod
    async def connect(
        cls,
        url: str,
        clock: Clock,
        *,
        prefix: str = "hf",
        attempt_limit: int = ATTEMPT_LIMIT,
        attempt_window: float = ATTEMPT_WINDOW,
        timeout: float = 1.0,  # noqa: ASYNC109  # that of each later command, not of this call
        connections: int = 64,
    ) -> "RedisState":
        """Connect and learn the epochs: see ``connection.connect``."""
        connection = await connect(
            url, clock, prefix=prefix, timeout=timeout, connections=connections
        )
        return cls(connection, clock, attempt_limit=attempt_limit, attempt_window=attempt_window)

    @property
    def name(self) -> str:
        """Name the memory as it is now; one that lost anything has another name."""
        return "redis " + self._epochs.current.name

    def was_first(self, name: str) -> None:
        """Note that no other memory served before the one of this name."""
        self._epochs.was_first(name.removeprefix("redis "))

    async def ping(self) -> None:
        """Return if every part of the memory answers. Raises TemporarilyUnavailable if not."""
        await self._epochs.verify()

    async def report(self) -> Sequence[ServerReport]:
        """Say how each server is set up. Raises TemporarilyUnavailable."""
        return await report(self._connection.link, self._connection.keys)

    async def close(self) -> None:
        await self._connection.close()
