"""Memory is bounded: the expired leave by themselves, and no live entry ever does."""

import tracemalloc

import pytest

from app.dpop.ports import Outcome, Spending
from app.oauth.errors import TemporarilyUnavailable
from app.state.memory import MemoryState
from tests.builders import NOW, FrozenClock

from .builders import a_code, a_device_request, a_session, a_spending


@pytest.fixture
def small(clock: FrozenClock) -> MemoryState:
    return MemoryState(clock, born_at=None, capacity=3)


async def _spend_many(state: MemoryState, clock: FrozenClock, count: int) -> None:
    """One proof each millisecond, each remembered for a second or two."""
    for number in range(count):
        clock.advance(0.001)
        end = clock.now() + 1
        spending = Spending("jkt", f"{clock.now()} {number}", end, "holder", False, False)  # noqa: FBT003  # keywords cost a fifth of a million calls
        assert await state.proofs.spend(spending) is Outcome.FRESH


async def test_a_million_proofs_in_a_row_do_not_grow_the_process(
    memory_state: MemoryState, clock: FrozenClock
) -> None:
    await _spend_many(memory_state, clock, 10_000)
    tracemalloc.start()
    try:
        await _spend_many(memory_state, clock, 10_000)
        settled, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    await _spend_many(memory_state, clock, 980_000)
    assert len(memory_state.proofs) <= 2_010
    tracemalloc.start()
    try:
        await _spend_many(memory_state, clock, 10_000)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after < settled * 1.5


async def test_expired_entries_leave_while_others_come(
    memory_state: MemoryState, clock: FrozenClock
) -> None:
    await _spend_many(memory_state, clock, 1_000)
    clock.advance(100)
    await _spend_many(memory_state, clock, 500)
    assert len(memory_state.proofs) == 500


async def test_a_full_replay_memory_takes_no_proof_and_forgets_none(small: MemoryState) -> None:
    held = [a_spending() for _ in range(3)]
    for one in held:
        await small.proofs.spend(one)
    with pytest.raises(TemporarilyUnavailable):
        await small.proofs.spend(a_spending())
    assert [await small.proofs.spend(one) for one in held] == [Outcome.REPLAYED] * 3


async def test_a_full_replay_memory_takes_proofs_again_once_some_expired(
    small: MemoryState, clock: FrozenClock
) -> None:
    for _ in range(3):
        await small.proofs.spend(a_spending())
    clock.advance(71)
    assert await small.proofs.spend(a_spending(expires_at=NOW + 200)) is Outcome.FRESH


async def test_a_proof_refused_for_want_of_room_leaves_no_marker(small: MemoryState) -> None:
    for _ in range(3):
        await small.proofs.spend(a_spending())
    with pytest.raises(TemporarilyUnavailable):
        await small.proofs.spend(a_spending(renew_marker=True))
    assert len(small.proofs._markers) == 0


async def test_a_proof_is_not_remembered_when_its_marker_finds_no_room(small: MemoryState) -> None:
    for number in range(3):
        await small.proofs.mark("jkt", f"holder {number}")
    spending = a_spending(holder="another", renew_marker=True)
    with pytest.raises(TemporarilyUnavailable):
        await small.proofs.spend(spending)
    assert len(small.proofs) == 0


async def test_a_full_store_of_codes_takes_none_and_forgets_none(small: MemoryState) -> None:
    for number in range(3):
        await small.codes.put(f"code {number}", a_code())
    with pytest.raises(TemporarilyUnavailable):
        await small.codes.put("one more", a_code())
    assert [await small.codes.spend(f"code {number}") for number in range(3)] == [True] * 3


async def test_a_full_store_of_assertions_takes_none_and_forgets_none(small: MemoryState) -> None:
    for number in range(3):
        await small.assertions.spend("client", f"jti {number}", NOW + 60)
    with pytest.raises(TemporarilyUnavailable):
        await small.assertions.spend("client", "one more", NOW + 60)
    assert await small.assertions.is_spent("client", "jti 0")


async def test_a_full_store_of_attempts_still_counts_those_it_knows(small: MemoryState) -> None:
    for number in range(30):
        await small.attempts.count(f"bucket {number % 3}")
    with pytest.raises(TemporarilyUnavailable):
        await small.attempts.count("one more")
    assert await small.attempts.count("bucket 0") == 300


async def test_a_full_store_of_sessions_takes_none_and_forgets_none(small: MemoryState) -> None:
    for number in range(3):
        await small.sessions.put(f"session {number}", a_session())
    with pytest.raises(TemporarilyUnavailable):
        await small.sessions.put("one more", a_session())
    assert await small.sessions.find("session 0") == a_session()


async def test_a_full_store_of_device_codes_takes_none_and_forgets_none(
    clock: FrozenClock,
) -> None:
    state = MemoryState(clock, born_at=None, capacity=30)
    for number in range(3):
        assert await state.device_codes.put(f"{number}", f"user {number}", a_device_request())
    with pytest.raises(TemporarilyUnavailable):
        await state.device_codes.put("one more", "one more user", a_device_request())
    assert await state.device_codes.named("one more user") is None
    assert [await state.device_codes.spend(f"{number}") for number in range(3)] == [True] * 3


async def test_counting_and_forgiving_over_and_over_holds_one_entry(
    memory_state: MemoryState,
) -> None:
    for _ in range(1_000):
        await memory_state.attempts.count("bucket")
        await memory_state.attempts.forgive("bucket")
    assert len(memory_state.attempts._windows) == 1


async def test_nonces_of_past_steps_are_dropped(
    memory_state: MemoryState, clock: FrozenClock
) -> None:
    for step in range(int(NOW // 60), int(NOW // 60) + 1_000):
        clock.time = step * 60
        await memory_state.proofs.nonce(step)
    assert len(memory_state.proofs._nonces) <= 5
