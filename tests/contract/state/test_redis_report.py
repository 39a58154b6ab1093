"""What a Redis is asked about its own set-up, wherever it is."""

import time
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.state.redis import RedisState
from app.state.redis.report import ServerReport
from tests import redis_servers

from .conftest import REDIS


async def reports(url: str) -> tuple[ServerReport, ...]:
    state = await RedisState.connect(url, SystemClock())
    try:
        return tuple(await state.report())
    finally:
        await state.close()


@pytest.mark.parametrize("kind", REDIS)
async def test_each_server_says_once_how_it_is_set_up(
    kind: str, request: pytest.FixtureRequest
) -> None:
    found = await reports(request.getfixturevalue(kind))
    assert len(found) == (3 if kind == "valkey_cluster" else 1)
    assert len({each.run_id for each in found}) == len(found)
    for each in found:
        assert each.policy == "noeviction"
        assert not each.appends
        assert abs(each.time - time.time()) < 60
        assert each.replicas == (1 if kind == "valkey_sentinel" else 0)
        assert each.wanted == 0


async def test_it_tells_persistence_and_the_replicas_it_wants(tmp_path: Path) -> None:
    binary = redis_servers.valkey_binary()
    with redis_servers.single(binary, tmp_path / "redis") as server:
        await reports(server.url)
        server.ask("CONFIG", "SET", "appendonly", "yes")
        server.ask("CONFIG", "SET", "min-replicas-to-write", "1")
        # A master without its replicas takes no writes, and the doctor needs none.
        with redis_servers.running(
            replica := redis_servers.Server(
                binary, tmp_path / "replica", ("--replicaof", f"127.0.0.1 {server.port}")
            )
        ):
            redis_servers.wait_until(
                lambda: server.info("replication").get("min_slaves_good_slaves") == 1,
                "The replica's arrival",
            )
            [found] = await reports(server.url)
        assert replica.port != server.port
    assert (found.appends, found.replicas, found.wanted) == (True, 1, 1)
