"""A replay memory in Redis, for APIs of several workers or hosts. Needs redis-py."""

from ..clock import Clock, SystemClock
from ..dpop.ports import ProofMemory
from ..state.redis.connection import Connection, connect
from ..state.redis.epochs import UnsuitableRedis
from ..state.redis.proofs import RedisProofs

__all__ = ["SharedMemory", "UnsuitableRedis"]

_CLOCK = SystemClock()


class SharedMemory:
    """Proofs and nonces that every worker sees. Made by ``connect``; ``close`` it at the end."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._proofs = RedisProofs(connection.link, connection.keys, connection.epochs, clock)

    @classmethod
    async def connect(cls, url: str, clock: Clock = _CLOCK, *, prefix: str) -> "SharedMemory":
        """Connect. ``url``: redis://, rediss://, redis+sentinel:// or redis+cluster://.

        ``prefix``: of the keys, one for each API. Raises ValueError for a URL that is none,
        UnsuitableRedis when Redis may evict entries, TemporarilyUnavailable when waiting may help.
        """
        return cls(await connect(url, clock, prefix=prefix), clock)

    @property
    def proofs(self) -> ProofMemory:
        """The memory, for a guard."""
        return self._proofs

    async def close(self) -> None:
        await self._connection.close()
