"""The epoch and the buckets of the replay memory in a Redis Cluster."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis
from redis.crc import key_slot

from app.dpop.ports import Outcome
from app.state.keys import BUCKETS, RedisKeys
from app.state.redis import RedisState
from app.state.redis.address import spread_tags
from tests import redis_servers
from tests.builders import NOW, FrozenClock, s256
from tests.redis_servers import Server

from .builders import a_spending

STEP = int(NOW // 60)


@pytest.fixture(scope="module")
def nodes(servers: Path) -> Iterator[list[Server]]:
    """A cluster whose masters are flushed and killed here."""
    binary = redis_servers.valkey_binary()
    with redis_servers.cluster(binary, servers / "unsteady") as nodes:
        yield nodes


@pytest.fixture
async def state(nodes: list[Server], prefix: str, clock: FrozenClock) -> AsyncIterator[RedisState]:
    state = await RedisState.connect(redis_servers.cluster_url(nodes), clock, prefix=prefix)
    yield state
    await state.close()


def _birth(state: RedisState) -> float:
    born_at = state.proofs.born_at
    assert born_at is not None
    return born_at


def _jkt_on(state: RedisState, master: int) -> str:
    """Return the thumbprint of a key whose proofs the first, second or third master remembers."""
    keys, share = state.proofs._keys, redis_servers.SLOTS / 3
    thumbprints = (s256(str(number)) for number in range(1_000))
    return next(
        jkt
        for jkt in thumbprints
        if key_slot(keys.epoch(keys.tag(jkt)).encode()) // share == master
    )


def _epochs_on(node: Server, prefix: str) -> int:
    with redis.Redis(host=redis_servers.HOST, port=node.port) as client:
        return len(list(client.scan_iter(match=f"{prefix}:*:epoch", count=1_000)))


@pytest.mark.usefixtures("state")
def test_the_buckets_lie_evenly_on_all_masters(nodes: list[Server], prefix: str) -> None:
    counts = [_epochs_on(node, prefix) for node in nodes]
    assert counts == pytest.approx([BUCKETS / 3] * 3, abs=1)


def test_every_bucket_has_a_range_of_slots_of_its_own() -> None:
    slots = [key_slot(tag.encode()) // (redis_servers.SLOTS // BUCKETS) for tag in _tags()]
    assert slots == list(range(BUCKETS))


def test_keys_are_spread_over_all_buckets_and_keep_theirs() -> None:
    keys = RedisKeys("hf", _tags())
    first = [keys.tag(str(number)) for number in range(2_000)]
    assert set(first) == set(_tags())
    assert [keys.tag(str(number)) for number in range(2_000)] == first


def _tags() -> tuple[str, ...]:
    return spread_tags(BUCKETS)


async def test_a_flush_of_one_master_is_noticed_by_the_next_proof_there(
    state: RedisState, nodes: list[Server]
) -> None:
    birth, nonce = _birth(state), await state.proofs.nonce(STEP)
    nodes[1].ask("FLUSHALL")
    await state.proofs.spend(a_spending(jkt=_jkt_on(state, 1)))
    assert _birth(state) > birth
    assert await state.proofs.nonce(STEP) != nonce


async def test_proofs_on_the_other_masters_outlive_the_flush(
    state: RedisState, nodes: list[Server]
) -> None:
    spending = a_spending(jkt=_jkt_on(state, 0))
    await state.proofs.spend(spending)
    nodes[1].ask("FLUSHALL")
    assert await state.proofs.spend(spending) is Outcome.REPLAYED


async def test_a_restart_of_one_master_is_noticed_by_the_next_proof_there(
    state: RedisState, nodes: list[Server]
) -> None:
    birth = _birth(state)
    nodes[2].kill()
    nodes[2].start()
    redis_servers.wait_until(
        lambda: all(redis_servers.cluster_is_whole(node, 3) for node in nodes), "The return"
    )
    await state.proofs.spend(a_spending(jkt=_jkt_on(state, 2)))
    assert _birth(state) > birth


async def test_a_promotion_is_noticed_by_the_next_proof_there(
    tmp_path: Path, clock: FrozenClock
) -> None:
    binary = redis_servers.valkey_binary()
    with redis_servers.cluster(binary, tmp_path / "cluster") as nodes:
        state = await RedisState.connect(redis_servers.cluster_url(nodes), clock)
        birth, spending = _birth(state), a_spending(jkt=_jkt_on(state, 0))
        await state.proofs.spend(spending)
        with redis_servers.cluster_replica(nodes[0], tmp_path / "replica") as replica:
            replica.ask("CLUSTER FAILOVER")
            redis_servers.wait_until(
                lambda: replica.info("replication")["role"] == "master", "The promotion"
            )
            outcome = await state.proofs.spend(spending)
        await state.close()
    assert outcome is Outcome.REPLAYED
    assert _birth(state) > birth
