"""From a URL to a client of a single Redis, of Sentinel's master or of a cluster."""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from redis.asyncio import Redis, RedisCluster, Sentinel
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import RedisClusterException

from ..keys import BUCKETS

FORMS = (
    "redis://host:port/db, redis+sentinel://host:port,host:port/service/db"
    " and redis+cluster://host:port,host:port, with rediss for TLS"
)


@dataclass(frozen=True, slots=True)
class Target:
    """A client, the hash tags of the replay memory's buckets there, and what closes it all."""

    client: Redis | RedisCluster
    tags: tuple[str, ...]
    closers: tuple[Callable[[], Awaitable[None]], ...]


def target(url: str, *, timeout: float, connections: int) -> Target:
    """Make the client; nothing is sent yet.

    ``timeout``: seconds to connect, and to wait for a reply. Query parameters are those of
    redis-py's URLs, and with Sentinel ``sentinel_username`` and ``sentinel_password``. Raises
    ValueError when the URL has none of the forms.
    """
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "socket_keepalive": True,
        "max_connections": connections,
        "protocol": 2,
        # Link retries.
        "retry": Retry(NoBackoff(), 0),
    }
    try:
        parts = urlsplit(url)
        return _MAKERS[parts.scheme](parts, options)
    # What the libraries say may quote the URL, and so its password.
    except (KeyError, ValueError, TypeError, RedisClusterException):
        raise ValueError(f"The Redis URL is none of {FORMS}") from None


def _single(parts: SplitResult, options: dict[str, Any]) -> Target:
    client = Redis.from_url(parts.geturl(), **options)
    _try_options(client)
    return Target(client, ("0",), (client.aclose,))


def _cluster(parts: SplitResult, options: dict[str, Any]) -> Target:
    options |= _url_options(parts, "")
    nodes = [ClusterNode(host, port or 6379) for host, port in _nodes(parts)]
    # No reinitialisation: it would close the connections under the commands that wait on them.
    client = RedisCluster(startup_nodes=nodes, reinitialize_steps=0, **options)
    return Target(client, spread_tags(BUCKETS), (client.aclose,))


def _sentinel(parts: SplitResult, options: dict[str, Any]) -> Target:
    service, _, db = parts.path.removeprefix("/").partition("/")
    if not service:
        raise ValueError("no service")
    options |= _url_options(parts, db)
    shared = {name: value for name, value in options.items() if name.startswith(_SHARED)}
    for name in ("username", "password"):
        if (credential := options.pop(f"sentinel_{name}", None)) is not None:
            shared[name] = credential
    nodes = [(host, port or 26379) for host, port in _nodes(parts)]
    sentinel = Sentinel(nodes, sentinel_kwargs=shared, **options)  # type: ignore[no-untyped-call]  # likewise
    master = sentinel.master_for(unquote(service))
    _try_options(master)
    return Target(master, ("0",), (master.aclose, sentinel.aclose))


_SHARED = ("socket_", "ssl", "retry", "protocol")


def _try_options(client: Redis) -> None:
    """Raise TypeError for an unknown option, which otherwise shows at the first command only."""
    client.connection_pool.make_connection()  # type: ignore[no-untyped-call]  # the library's


def _url_options(parts: SplitResult, db: str) -> dict[str, Any]:
    """Read credentials and query parameters as redis-py does for a single server."""
    credentials, at, _ = parts.netloc.rpartition("@")
    url = f"redis://{credentials}{at}host/{db}?{parts.query}"
    options: dict[str, Any] = {**parse_url(url)}
    del options["host"]
    if parts.scheme.startswith("rediss"):
        options["ssl"] = True
    return options


def _nodes(parts: SplitResult) -> list[tuple[str, int | None]]:
    hosts = parts.netloc.rpartition("@")[2].split(",")
    split = [urlsplit(f"//{host}") for host in hosts]
    nodes = [(one.hostname, one.port) for one in split]
    known = [(host, port) for host, port in nodes if host]
    if len(known) != len(nodes):
        raise ValueError("no host")
    return known


_MAKERS = {
    f"{base}{topology}": make
    for base in ("redis", "rediss")
    for topology, make in (("", _single), ("+sentinel", _sentinel), ("+cluster", _cluster))
}


def spread_tags(count: int) -> tuple[str, ...]:
    """Return hash tags whose slots lie evenly over the cluster, the same ones at every call."""
    span = REDIS_CLUSTER_HASH_SLOTS // count
    found: dict[int, str] = {}
    for number in itertools.count():
        found.setdefault(key_slot(str(number).encode()) // span, str(number))
        if len(found) == count:
            break
    return tuple(tag for _, tag in sorted(found.items()))
