"""A connection to Redis that knows since when everything there is remembered."""

from dataclasses import dataclass

from redis.exceptions import AuthenticationError, MovedError, NoPermissionError

from ...clock import Clock
from ...oauth.errors import TemporarilyUnavailable
from ..keys import RedisKeys
from .address import Target, target
from .epochs import Epochs, UnsuitableRedis
from .link import Link

_LASTING = (AuthenticationError, NoPermissionError, MovedError)


@dataclass(frozen=True, slots=True)
class Connection:
    """What every store of this package is built from. Made by ``connect``."""

    there: Target
    link: Link
    keys: RedisKeys
    epochs: Epochs

    async def close(self) -> None:
        for close in self.there.closers:
            await close()


async def connect(
    url: str,
    clock: Clock,
    *,
    prefix: str,
    timeout: float = 1.0,  # noqa: ASYNC109  # that of each later command, not of this call
    connections: int = 64,
) -> Connection:
    """Connect and learn the epochs.

    ``timeout``: seconds to connect, and to wait for a reply; an operation with its retries
    takes at most three times that. ``connections``: to each server at most; what comes beyond
    waits. Raises ValueError for a URL that is none, UnsuitableRedis when the set-up must
    change, TemporarilyUnavailable when waiting may help.
    """
    there = target(url, timeout=timeout, connections=connections)
    link = Link(there.client, connections=connections, patience=3 * timeout)
    keys = RedisKeys(prefix, there.tags)
    connection = Connection(there, link, keys, Epochs(link, keys, clock))
    try:
        await connection.epochs.learn(None)
    except TemporarilyUnavailable as error:
        await connection.close()
        if isinstance(error.__cause__, _LASTING):
            raise UnsuitableRedis(f"Redis refuses to serve: {error.__cause__}") from error
        raise
    return connection
