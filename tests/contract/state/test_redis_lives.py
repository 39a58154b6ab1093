"""How long Redis keeps what it is given: read from its own clock, never waited for."""

import pytest

from app.dpop.ports import Outcome
from app.oauth.device.codes import TOLD_EXPIRED
from app.state.keys import ATTEMPT_WINDOW, MARKER_LIFETIME, RedisKeys, nonce_ends_at
from app.state.redis import RedisState
from tests.builders import NOW, FrozenClock

from .builders import (
    a_code,
    a_decision,
    a_device_request,
    a_hash,
    a_pushed_request,
    a_session,
    a_spending,
)

STEP = int(NOW // 60)


@pytest.fixture
def keys(redis_state: RedisState) -> RedisKeys:
    return redis_state.proofs._keys


async def _left(state: RedisState, key: str) -> float:
    """Seconds the key has left; -2 if there is none, -1 if it has no end."""
    left: int = await state._connection.there.client.execute_command("PTTL", key)
    return left / 1000 if left > 0 else left


async def test_a_code_lives_as_long_as_it_says(redis_state: RedisState, keys: RedisKeys) -> None:
    key = a_hash()
    await redis_state.codes.put(key, a_code())
    assert 50 < await _left(redis_state, keys.record("code", key)) <= 60


async def test_spending_a_code_changes_nothing_about_its_end(
    redis_state: RedisState, keys: RedisKeys
) -> None:
    key = a_hash()
    await redis_state.codes.put(key, a_code())
    await redis_state.codes.spend(key)
    assert 50 < await _left(redis_state, keys.record("code", key)) <= 60


async def test_a_code_that_expired_is_as_good_as_gone(
    redis_state: RedisState, keys: RedisKeys, clock: FrozenClock
) -> None:
    key = a_hash()
    clock.advance(61)
    await redis_state.codes.put(key, a_code())
    assert await _left(redis_state, keys.record("code", key)) <= 0.001


async def test_the_first_to_open_a_pushed_request_decides_its_end(
    redis_state: RedisState, keys: RedisKeys
) -> None:
    key = a_hash()
    await redis_state.pushed_requests.put(key, a_pushed_request())
    assert 50 < await _left(redis_state, keys.record("par", key)) <= 60
    for until in (NOW + 1800, NOW + 3600):
        await redis_state.pushed_requests.open(key, until)
        assert 1790 < await _left(redis_state, keys.record("par", key)) <= 1800
    await redis_state.pushed_requests.spend(key)
    assert 1790 < await _left(redis_state, keys.record("par", key)) <= 1800


async def test_opening_an_unknown_request_leaves_nothing_behind(
    redis_state: RedisState, keys: RedisKeys
) -> None:
    key = a_hash()
    assert await redis_state.pushed_requests.open(key, NOW + 1800) is None
    assert await _left(redis_state, keys.record("par", key)) == -2


async def test_a_device_code_is_known_for_a_while_after_its_end_and_its_user_code_is_not(
    redis_state: RedisState, keys: RedisKeys
) -> None:
    key, user_code = a_hash(), a_hash()
    await redis_state.device_codes.put(key, user_code, a_device_request())
    await redis_state.device_codes.poll(key, NOW, 5)
    await redis_state.device_codes.decide(key, a_decision())
    await redis_state.device_codes.spend(key)
    assert 50 < await _left(redis_state, keys.user_code(user_code)) <= 60
    assert 350 < await _left(redis_state, keys.record("device", key)) <= 60 + TOLD_EXPIRED


async def test_an_unknown_device_code_leaves_nothing_behind(
    redis_state: RedisState, keys: RedisKeys
) -> None:
    key = a_hash()
    await redis_state.device_codes.poll(key, NOW, 5)
    await redis_state.device_codes.decide(key, a_decision())
    await redis_state.device_codes.spend(key)
    assert await _left(redis_state, keys.record("device", key)) == -2


async def test_a_proof_is_remembered_past_its_last_moment(
    redis_state: RedisState, keys: RedisKeys
) -> None:
    spending = a_spending()
    await redis_state.proofs.spend(spending)
    key = keys.proof(keys.tag(spending.jkt), spending.proof)
    assert 60 < await _left(redis_state, key) <= 71


async def test_a_replay_does_not_prolong_the_memory_of_a_proof(
    redis_state: RedisState, keys: RedisKeys
) -> None:
    spending = a_spending()
    await redis_state.proofs.spend(spending)
    again = a_spending(proof=spending.proof, expires_at=NOW + 1000)
    assert await redis_state.proofs.spend(again) is Outcome.REPLAYED
    key = keys.proof(keys.tag(spending.jkt), spending.proof)
    assert await _left(redis_state, key) <= 71


@pytest.mark.parametrize("way", ["mark", "spend"])
async def test_a_marker_lives_its_lifetime(
    redis_state: RedisState, keys: RedisKeys, way: str
) -> None:
    spending = a_spending(renew_marker=True)
    if way == "mark":
        await redis_state.proofs.mark(spending.jkt, spending.holder)
    else:
        await redis_state.proofs.spend(spending)
    key = keys.marker(keys.tag(spending.jkt), spending.holder)
    assert MARKER_LIFETIME - 10 < await _left(redis_state, key) <= MARKER_LIFETIME


async def test_a_nonce_lives_until_it_is_past_use(redis_state: RedisState, keys: RedisKeys) -> None:
    await redis_state.proofs.nonce(STEP)
    left = await _left(redis_state, keys.nonce(redis_state._epochs.current.name, STEP))
    assert nonce_ends_at(STEP) - NOW - 10 < left <= nonce_ends_at(STEP) - NOW


async def test_an_epoch_has_no_end(redis_state: RedisState, keys: RedisKeys) -> None:
    assert {await _left(redis_state, keys.epoch(tag)) for tag in keys.tags} == {-1}


async def test_an_assertion_is_remembered_past_its_last_moment(
    redis_state: RedisState, keys: RedisKeys
) -> None:
    await redis_state.assertions.spend("client", "jti", NOW + 60)
    assert 50 < await _left(redis_state, keys.assertion("client", "jti")) <= 61


async def test_a_window_of_attempts_starts_with_the_first(
    redis_state: RedisState, keys: RedisKeys
) -> None:
    for _ in range(12):
        await redis_state.attempts.count("bucket")
    left = await _left(redis_state, keys.attempts("bucket"))
    assert ATTEMPT_WINDOW - 10 < left <= ATTEMPT_WINDOW


async def test_a_session_lives_as_long_as_it_says(redis_state: RedisState, keys: RedisKeys) -> None:
    key = a_hash()
    await redis_state.sessions.put(key, a_session())
    assert 3590 < await _left(redis_state, keys.session(key)) <= 3600


async def test_the_list_of_a_persons_sessions_lives_as_long_as_the_longest(
    redis_state: RedisState, keys: RedisKeys
) -> None:
    await redis_state.sessions.put(a_hash(), a_session(expires_at=NOW + 7200))
    await redis_state.sessions.put(a_hash(), a_session())
    assert 7190 < await _left(redis_state, keys.sessions_of("user")) <= 7200


async def test_the_list_of_a_persons_sessions_loses_those_that_ended(
    redis_state: RedisState, keys: RedisKeys, clock: FrozenClock
) -> None:
    await redis_state.sessions.put(a_hash(), a_session())
    clock.advance(3600)
    await redis_state.sessions.put(a_hash(), a_session(expires_at=clock.now() + 3600))
    listed = await redis_state._connection.there.client.execute_command(
        "ZCARD", keys.sessions_of("user")
    )
    assert listed == 1
