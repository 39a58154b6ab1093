"""The epoch: a Redis that lost its memory is noticed by the very next proof."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.dpop.ports import Outcome
from app.oauth.errors import TemporarilyUnavailable
from app.state.redis import RedisState, UnsuitableRedis
from app.state.redis.epochs import Epoch
from tests import redis_servers
from tests.builders import NOW, FrozenClock
from tests.redis_servers import Server

from .builders import a_spending

STEP = int(NOW // 60)


@pytest.fixture
async def state(server: Server, clock: FrozenClock) -> AsyncIterator[RedisState]:
    state = await RedisState.connect(server.url, clock)
    yield state
    await state.close()


def _birth(state: RedisState) -> float:
    born_at = state.proofs.born_at
    assert born_at is not None
    return born_at


async def test_a_memory_that_starts_empty_is_born_now_plus_the_clocks_difference(
    state: RedisState,
) -> None:
    assert time.time() - 5 < _birth(state) - 10 <= time.time()


async def test_all_replicas_know_the_same_birth(
    state: RedisState, server: Server, clock: FrozenClock
) -> None:
    other = await RedisState.connect(server.url, clock)
    await other.close()
    assert other.proofs.born_at == state.proofs.born_at


async def test_a_replica_that_comes_later_finds_the_nonces_of_the_others(
    state: RedisState, server: Server, clock: FrozenClock
) -> None:
    nonce = await state.proofs.nonce(STEP)
    other = await RedisState.connect(server.url, clock)
    found = await other.proofs.known_nonce(STEP)
    await other.close()
    assert found == nonce


async def test_a_flush_is_noticed_by_the_next_proof(state: RedisState, server: Server) -> None:
    birth = _birth(state)
    server.ask("FLUSHALL")
    await state.proofs.spend(a_spending())
    assert _birth(state) > birth


async def test_a_flush_is_noticed_by_the_next_assertion(state: RedisState, server: Server) -> None:
    birth = _birth(state)
    server.ask("FLUSHALL")
    assert await state.assertions.spend("client", "jti", NOW + 60)
    assert state.assertions.born_at == _birth(state) > birth


async def test_the_first_memory_of_all_has_forgotten_nothing_until_it_does(
    state: RedisState, server: Server
) -> None:
    state.was_first(state.name)
    assert state.proofs.born_at is None
    assert state.assertions.born_at is None
    assert await state.assertions.spend("client", "jti", NOW + 60)
    server.ask("FLUSHALL")
    assert await state.assertions.spend("client", "jti", NOW + 60)
    assert state.assertions.born_at == _birth(state)


async def test_another_memory_that_was_first_excuses_nothing(
    state: RedisState, server: Server, clock: FrozenClock
) -> None:
    name = state.name
    server.ask("FLUSHALL")
    other = await RedisState.connect(server.url, clock)
    other.was_first(name)
    await other.close()
    assert other.name != name
    assert other.assertions.born_at is not None


async def test_all_replicas_give_the_memory_the_same_name(
    state: RedisState, server: Server, clock: FrozenClock
) -> None:
    other = await RedisState.connect(server.url, clock)
    await other.close()
    assert other.name == state.name


async def test_a_flush_voids_the_nonces(state: RedisState, server: Server) -> None:
    nonce = await state.proofs.nonce(STEP)
    server.ask("FLUSHALL")
    await state.proofs.spend(a_spending())
    assert await state.proofs.known_nonce(STEP) is None
    assert await state.proofs.nonce(STEP) != nonce


async def test_a_flush_is_noticed_by_a_replica_that_only_hands_out_nonces(
    state: RedisState, server: Server, clock: FrozenClock
) -> None:
    birth = _birth(state)
    server.ask("FLUSHALL")
    clock.advance(1)
    await state.proofs.known_nonce(STEP)
    assert _birth(state) > birth


async def test_a_flush_is_noticed_by_a_health_check(state: RedisState, server: Server) -> None:
    birth = _birth(state)
    server.ask("FLUSHALL")
    await state.ping()
    assert _birth(state) > birth


async def test_a_proof_spent_after_a_flush_is_remembered_in_the_new_epoch(
    state: RedisState, server: Server
) -> None:
    server.ask("FLUSHALL")
    spending = a_spending()
    assert await state.proofs.spend(spending) is Outcome.FRESH
    assert await state.proofs.spend(spending) is Outcome.REPLAYED


async def test_a_restart_is_noticed_by_the_next_proof(state: RedisState, server: Server) -> None:
    birth = _birth(state)
    server.kill()
    server.start()
    await state.proofs.spend(a_spending())
    assert _birth(state) > birth


async def test_a_restart_voids_the_nonces(state: RedisState, server: Server) -> None:
    nonce = await state.proofs.nonce(STEP)
    server.kill()
    server.start()
    await state.proofs.spend(a_spending())
    assert await state.proofs.nonce(STEP) != nonce


async def test_a_restart_from_a_snapshot_is_noticed_though_the_epoch_is_in_it(
    state: RedisState, server: Server
) -> None:
    birth = _birth(state)
    spending = a_spending()
    await state.proofs.spend(spending)
    server.ask("SAVE")
    server.kill()
    server.start()
    assert await state.proofs.spend(spending) is Outcome.REPLAYED
    assert _birth(state) > birth


async def test_a_promotion_is_noticed_though_the_epoch_was_copied(
    state: RedisState, server: Server, tmp_path: Path, clock: FrozenClock
) -> None:
    spending = a_spending()
    await state.proofs.spend(spending)
    option = ("--replicaof", f"{redis_servers.HOST} {server.port}")
    with redis_servers.single(server.binary, tmp_path / "replica", *option) as replica:
        redis_servers.wait_until(lambda: redis_servers.in_step(replica), "The copy")
        replica.ask("REPLICAOF", "NO", "ONE")
        promoted = await RedisState.connect(replica.url, clock)
        outcome = await promoted.proofs.spend(spending)
        await promoted.close()
    assert outcome is Outcome.REPLAYED
    assert _birth(promoted) > _birth(state)


async def test_sentinels_new_master_begins_an_epoch(tmp_path: Path, clock: FrozenClock) -> None:
    binary = redis_servers.valkey_binary()
    with redis_servers.sentinel(binary, tmp_path / "watched") as (watcher, servers):
        state = await RedisState.connect(watcher.url, clock, timeout=0.2)
        birth, nonce = _birth(state), await state.proofs.nonce(STEP)
        servers[0].kill()
        await _until_spent(state)
        after = await state.proofs.nonce(STEP)
        await state.close()
    assert _birth(state) > birth
    assert after != nonce


async def _until_spent(state: RedisState) -> None:
    """Spend proofs until one is taken; nothing but unavailability may stand in its way."""
    deadline = time.monotonic() + redis_servers.DEADLINE
    while time.monotonic() < deadline:
        try:
            assert await state.proofs.spend(a_spending()) is Outcome.FRESH
        except TemporarilyUnavailable:
            continue
        return
    pytest.fail("the service did not resume by itself")


async def test_a_birth_shows_even_where_another_masters_clock_is_far_ahead(
    state: RedisState, server: Server
) -> None:
    ahead = _birth(state) + 1_000
    current = state._epochs.current
    state._epochs._current = Epoch(current.keys, current.name, ahead)
    server.ask("FLUSHALL")
    await state.proofs.spend(a_spending())
    assert _birth(state) > ahead


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
async def test_a_redis_that_would_evict_live_entries_is_refused_at_start(
    server: Server, clock: FrozenClock, policy: str
) -> None:
    server.ask("CONFIG SET", "maxmemory-policy", policy)
    with pytest.raises(UnsuitableRedis) as refusal:
        await RedisState.connect(server.url, clock)
    assert str(refusal.value).endswith(f"set its maxmemory-policy to noeviction, it is {policy}")


async def test_a_redis_that_began_to_evict_is_not_ready(state: RedisState, server: Server) -> None:
    server.ask("CONFIG SET", "maxmemory-policy", "allkeys-lru")
    with pytest.raises(TemporarilyUnavailable) as refusal:
        await state.ping()
    assert "maxmemory" not in refusal.value.description
