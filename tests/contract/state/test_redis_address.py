"""The forms of a Redis URL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import RedisCluster
from redis.asyncio.sentinel import SentinelConnectionPool

from app.state.keys import BUCKETS
from app.state.redis.address import Target, target


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Target]:
    there = target(url, timeout=0.5, connections=7)
    yield there
    for close in there.closers:
        await close()


def _options(there: Target) -> dict[str, object]:
    client = there.client
    if isinstance(client, RedisCluster):
        return dict(client.connection_kwargs)
    return dict(client.connection_pool.connection_kwargs)


async def test_a_single_server_has_one_bucket() -> None:
    async with _opened("redis://user:p%40ss@host.example:7000/3") as there:
        options = _options(there)
        assert there.tags == ("0",)
        assert (options["host"], options["port"], options["db"]) == ("host.example", 7000, 3)
        assert (options["username"], options["password"]) == ("user", "p@ss")


async def test_a_cluster_has_many_buckets_and_every_node_is_a_start() -> None:
    async with _opened("redis+cluster://:p%40ss@one:7000,two,[::1]:7002") as there:
        assert isinstance(there.client, RedisCluster)
        assert len(there.tags) == BUCKETS
        assert {(node.host, node.port) for node in there.client.startup_nodes} == {
            ("one", 7000),
            ("two", 6379),
            ("::1", 7002),
        }
        assert _options(there)["password"] == "p@ss"


async def test_sentinels_service_is_in_the_path() -> None:
    url = "redis+sentinel://:p%40ss@one:7000,two/my%20service/2?sentinel_password=other"
    async with _opened(url) as there:
        assert not isinstance(there.client, RedisCluster)
        pool = there.client.connection_pool
        assert isinstance(pool, SentinelConnectionPool)
        watchers = [
            one.connection_pool.connection_kwargs for one in pool.sentinel_manager.sentinels
        ]
        assert pool.service_name == "my service"
        assert (_options(there)["db"], _options(there)["password"]) == (2, "p@ss")
        assert [(one["host"], one["port"]) for one in watchers] == [("one", 7000), ("two", 26379)]
        assert {one["password"] for one in watchers} == {"other"}


@pytest.mark.parametrize("form", ["{}://host", "{}+cluster://host", "{}+sentinel://host/service"])
async def test_rediss_is_tls(form: str) -> None:
    async with _opened(form.format("redis")) as plain, _opened(form.format("rediss")) as secret:
        assert not _is_tls(plain)
        assert _is_tls(secret)


async def test_rediss_checks_certificates_unless_told_otherwise() -> None:
    async with _opened("rediss+cluster://host?ssl_ca_certs=/ca.pem") as there:
        assert _options(there)["ssl_cert_reqs"] == "required"
        assert _options(there)["ssl_ca_certs"] == "/ca.pem"


def _is_tls(there: Target) -> bool:
    client = there.client
    pool = client.connection_kwargs if isinstance(client, RedisCluster) else client.connection_pool
    made = pool["connection_class"] if isinstance(pool, dict) else pool.connection_class
    return "SSL" in made.__name__


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host:6379",
        "http://:secret@host",
        "redis+other://:secret@host",
        "redis+sentinel://:secret@host",
        "redis+sentinel://:secret@host/",
        "redis+cluster://:secret@one,,two",
        "redis+cluster://:secret@",
        "redis+cluster://:secret@host:none",
        "redis://:secret@host:none",
        "redis://:secret@host/0?socket_timeout=long",
        "redis://:secret@host/0?unknown=1",
        "redis+sentinel://:secret@host/service?unknown=1",
        "redis+cluster://:secret@host?unknown=1",
        "redis+cluster://:secret@host?db=1",
        "redis://:secret/@host",
    ],
)
def test_another_form_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(ValueError, match="Redis URL") as refusal:
        target(url, timeout=1, connections=1)
    assert "secret" not in str(refusal.value)
