"""The places that state is kept in, one server of each kind for the whole session."""

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.state.memory import MemoryState
from app.state.redis import RedisState
from tests import redis_servers
from tests.builders import FrozenClock
from tests.redis_servers import Server

State = MemoryState | RedisState

REDIS = ("valkey", "debian_redis", "valkey_sentinel", "valkey_cluster")


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for the servers of this session."""
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="session")
def valkey(servers: Path) -> Iterator[str]:
    with redis_servers.single(redis_servers.valkey_binary(), servers / "valkey") as server:
        yield server.url


@pytest.fixture(scope="session")
def debian_redis(servers: Path) -> Iterator[str]:
    with redis_servers.single(redis_servers.redis_binary(), servers / "redis") as server:
        yield server.url


@pytest.fixture(scope="session")
def valkey_sentinel(servers: Path) -> Iterator[str]:
    with redis_servers.sentinel(redis_servers.valkey_binary(), servers / "watched") as (one, _):
        yield one.url


@pytest.fixture(scope="session")
def valkey_cluster(servers: Path) -> Iterator[str]:
    with redis_servers.cluster(redis_servers.valkey_binary(), servers / "cluster") as nodes:
        yield redis_servers.cluster_url(nodes)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def prefix() -> str:
    """A keyspace of the test's own."""
    return "test-" + secrets.token_hex(8)


@pytest.fixture(params=REDIS)
def redis_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


@pytest.fixture
async def redis_state(redis_url: str, prefix: str, clock: FrozenClock) -> AsyncIterator[RedisState]:
    state = await RedisState.connect(redis_url, clock, prefix=prefix)
    yield state
    await state.close()


@pytest.fixture
def memory_state(clock: FrozenClock) -> MemoryState:
    return MemoryState(clock, born_at=None)


@pytest.fixture(params=("memory", *REDIS))
async def state(
    request: pytest.FixtureRequest, prefix: str, clock: FrozenClock
) -> AsyncIterator[State]:
    """Every kind of state, by the same stores."""
    if request.param == "memory":
        yield MemoryState(clock, born_at=None)
        return
    url = request.getfixturevalue(request.param)
    state = await RedisState.connect(url, clock, prefix=prefix)
    yield state
    await state.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, to be killed, flushed or filled."""
    with redis_servers.single(redis_servers.valkey_binary(), tmp_path / "own") as server:
        yield server
