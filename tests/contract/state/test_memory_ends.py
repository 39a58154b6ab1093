"""When what memory holds ends: exactly, by the injected clock."""

import pytest

from app.dpop.ports import Outcome
from app.oauth.device.codes import TOLD_EXPIRED
from app.oauth.ports import StoredCode
from app.state.keys import ATTEMPT_WINDOW, MARKER_LIFETIME
from app.state.memory import MemoryState
from tests.builders import NOW, FrozenClock

from .builders import (
    a_code,
    a_decision,
    a_device_request,
    a_hash,
    a_pushed_request,
    a_session,
    a_spending,
    at_once,
)

STEP = int(NOW // 60)


async def test_a_code_is_found_until_it_expires(
    memory_state: MemoryState, clock: FrozenClock
) -> None:
    key = a_hash()
    await memory_state.codes.put(key, a_code())
    clock.advance(59.999)
    assert await memory_state.codes.find(key) == StoredCode(a_code(), spent=False)
    clock.advance(0.001)
    assert await memory_state.codes.find(key) is None


async def test_an_expired_code_cannot_be_spent(
    memory_state: MemoryState, clock: FrozenClock
) -> None:
    key = a_hash()
    await memory_state.codes.put(key, a_code())
    clock.advance(60)
    assert not await memory_state.codes.spend(key)


async def test_a_spent_code_is_visible_until_it_would_have_expired(
    memory_state: MemoryState, clock: FrozenClock
) -> None:
    key = a_hash()
    await memory_state.codes.put(key, a_code())
    await memory_state.codes.spend(key)
    clock.advance(59.999)
    assert await memory_state.codes.find(key) == StoredCode(a_code(), spent=True)


@pytest.mark.rfc("9126", "2.2")
async def test_a_pushed_request_must_be_opened_within_its_life(
    memory_state: MemoryState, clock: FrozenClock
) -> None:
    in_time, late = a_hash(), a_hash()
    for key in (in_time, late):
        await memory_state.pushed_requests.put(key, a_pushed_request())
    clock.advance(59.999)
    assert await memory_state.pushed_requests.open(in_time, NOW + 1800)
    clock.advance(0.001)
    assert await memory_state.pushed_requests.open(late, NOW + 1800) is None


async def test_the_first_to_open_a_pushed_request_decides_its_end(
    memory_state: MemoryState, clock: FrozenClock
) -> None:
    key = a_hash()
    await memory_state.pushed_requests.put(key, a_pushed_request())
    for until in (NOW + 1800, NOW + 3600):
        await memory_state.pushed_requests.open(key, until)
    clock.advance(1799.999)
    assert await memory_state.pushed_requests.open(key, NOW + 3600)
    clock.advance(0.001)
    assert await memory_state.pushed_requests.open(key, NOW + 3600) is None
    assert not await memory_state.pushed_requests.spend(key)


@pytest.mark.rfc("8628", "3.5")
async def test_a_device_code_is_known_for_a_while_after_its_end_and_its_user_code_is_not(
    memory_state: MemoryState, clock: FrozenClock
) -> None:
    key, user_code = a_hash(), a_hash()
    await memory_state.device_codes.put(key, user_code, a_device_request())
    clock.advance(59.999)
    assert await memory_state.device_codes.named(user_code) == key
    clock.advance(0.001)
    assert await memory_state.device_codes.named(user_code) is None
    assert await memory_state.device_codes.put(a_hash(), user_code, a_device_request())
    clock.advance(TOLD_EXPIRED - 0.001)
    assert await memory_state.device_codes.find(key)
    clock.advance(0.001)
    assert await memory_state.device_codes.find(key) is None
    assert not await memory_state.device_codes.decide(key, a_decision())
    assert not await memory_state.device_codes.spend(key)


async def test_a_proof_is_remembered_at_the_very_moment_it_expires(
    memory_state: MemoryState, clock: FrozenClock
) -> None:
    spending = a_spending()
    await memory_state.proofs.spend(spending)
    clock.advance(70)
    assert await memory_state.proofs.spend(spending) is Outcome.REPLAYED
    clock.advance(1)
    assert await memory_state.proofs.spend(spending) is Outcome.FRESH


async def test_a_replay_does_not_prolong_the_memory_of_a_proof(
    memory_state: MemoryState, clock: FrozenClock
) -> None:
    spending = a_spending()
    await memory_state.proofs.spend(spending)
    clock.advance(60)
    await memory_state.proofs.spend(a_spending(proof=spending.proof, expires_at=clock.now() + 70))
    clock.advance(11)
    assert await memory_state.proofs.spend(spending) is Outcome.FRESH


async def test_an_assertion_is_spent_at_the_very_moment_it_expires(
    memory_state: MemoryState, clock: FrozenClock
) -> None:
    await memory_state.assertions.spend("client", "jti", NOW + 60)
    clock.advance(60)
    assert not await memory_state.assertions.spend("client", "jti", NOW + 60)
    clock.advance(1)
    assert not await memory_state.assertions.is_spent("client", "jti")


async def test_a_holder_owes_a_nonce_until_its_marker_ends(
    memory_state: MemoryState, clock: FrozenClock
) -> None:
    await memory_state.proofs.mark(a_spending().jkt, a_spending().holder)
    clock.advance(MARKER_LIFETIME - 1)
    owing = a_spending(owes_nonce=True, expires_at=clock.now() + 70)
    assert await memory_state.proofs.spend(owing) is Outcome.NONCE_OWED
    clock.advance(1)
    assert await memory_state.proofs.spend(owing) is Outcome.FRESH


async def test_every_nonce_handed_out_prolongs_the_marker(
    memory_state: MemoryState, clock: FrozenClock
) -> None:
    await memory_state.proofs.mark(a_spending().jkt, a_spending().holder)
    clock.advance(MARKER_LIFETIME - 1)
    await memory_state.proofs.spend(a_spending(renew_marker=True))
    clock.advance(MARKER_LIFETIME - 1)
    owing = a_spending(owes_nonce=True, expires_at=clock.now() + 70)
    assert await memory_state.proofs.spend(owing) is Outcome.NONCE_OWED


async def test_a_nonce_is_known_while_it_is_current_or_previous(
    memory_state: MemoryState, clock: FrozenClock
) -> None:
    nonce = await memory_state.proofs.nonce(STEP)
    clock.time = (STEP + 2) * 60 - 0.001
    assert await memory_state.proofs.known_nonce(STEP) == nonce
    clock.time = (STEP + 3) * 60
    assert await memory_state.proofs.known_nonce(STEP) is None


async def test_a_new_window_of_attempts_begins_when_the_last_one_ends(
    memory_state: MemoryState, clock: FrozenClock
) -> None:
    await at_once(11, lambda: memory_state.attempts.count("bucket"))
    clock.advance(ATTEMPT_WINDOW - 0.5)
    assert await memory_state.attempts.count("bucket") == 1
    clock.advance(0.5)
    assert await memory_state.attempts.count("bucket") == 0


async def test_a_session_is_found_until_it_ends(
    memory_state: MemoryState, clock: FrozenClock
) -> None:
    key = a_hash()
    await memory_state.sessions.put(key, a_session())
    clock.advance(3599.999)
    assert await memory_state.sessions.find(key) == a_session()
    clock.advance(0.001)
    assert await memory_state.sessions.find(key) is None


async def test_a_session_put_again_with_a_later_end_outlives_its_first_end(
    memory_state: MemoryState, clock: FrozenClock
) -> None:
    key, longer = a_hash(), a_session(expires_at=NOW + 7200)
    await memory_state.sessions.put(key, a_session())
    await memory_state.sessions.put(key, longer)
    clock.advance(3601)
    for _ in range(10):
        await memory_state.sessions.put(a_hash(), longer)
    assert await memory_state.sessions.find(key) == longer
