"""What expires within minutes, in Redis: shared by every replica.

Each operation is one command or one script on keys of one slot. No answer, no memory: everything
fails closed with TemporarilyUnavailable, and works again by itself once Redis is back.
"""

from collections.abc import Sequence

from redis.exceptions import AuthenticationError, MovedError, NoPermissionError

from ...clock import Clock
from ...oauth.errors import TemporarilyUnavailable
from ..keys import ATTEMPT_LIMIT, ATTEMPT_WINDOW, RedisKeys
from .address import Target, target
from .counters import RedisAssertions, RedisAttempts
from .device_codes import RedisDeviceCodes
from .epochs import Epochs, UnsuitableRedis
from .link import Link
from .one_time import RedisCodes, RedisPushedRequests
from .proofs import RedisProofs
from .report import ServerReport, report
from .sessions import RedisSessions

__all__ = ["RedisState", "UnsuitableRedis"]


class RedisState:
    """Every store of this package. Made by ``connect``."""

    def __init__(
        self,
        there: Target,
        link: Link,
        keys: RedisKeys,
        clock: Clock,
        *,
        attempt_limit: int,
        attempt_window: float,
    ) -> None:
        self._there = there
        self._link = link
        self._keys = keys
        self._epochs = Epochs(link, keys, clock)
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
        """Connect and learn the epochs.

        ``timeout``: seconds to connect, and to wait for a reply; an operation with its retries
        takes at most three times that. ``connections``: to each server at most; what comes beyond
        waits. Raises ValueError for a URL that is none, UnsuitableRedis when the set-up must
        change, TemporarilyUnavailable when waiting may help.
        """
        there = target(url, timeout=timeout, connections=connections)
        link = Link(there.client, connections=connections, patience=3 * timeout)
        state = cls(
            there,
            link,
            RedisKeys(prefix, there.tags),
            clock,
            attempt_limit=attempt_limit,
            attempt_window=attempt_window,
        )
        try:
            await state._epochs.learn(None)
        except TemporarilyUnavailable as error:
            await state.close()
            if isinstance(error.__cause__, _LASTING):
                raise UnsuitableRedis(f"Redis refuses to serve: {error.__cause__}") from error
            raise
        return state

    async def ping(self) -> None:
        """Return if every part of the memory answers. Raises TemporarilyUnavailable if not."""
        await self._epochs.verify()

    async def report(self) -> Sequence[ServerReport]:
        """Say how each server is set up. Raises TemporarilyUnavailable."""
        return await report(self._link, self._keys)

    async def close(self) -> None:
        for close in self._there.closers:
            await close()


_LASTING = (AuthenticationError, NoPermissionError, MovedError)
