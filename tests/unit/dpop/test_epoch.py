"""A memory that was lost must not let in again what it had admitted (RFC 9449 §11.1)."""

import asyncio

import pytest

from app.dpop.errors import Check, NonceRequired
from tests.builders import NOW, FrozenClock
from tests.unit.dpop.door import Door, Memory, a_client

pytestmark = pytest.mark.rfc("9449", "11.1")


def restarted(door: Door, after: float = 0) -> Door:
    """Return the server after a crash: same clock and policy, an empty memory with a birth."""
    door.clock.advance(after)
    return Door(door.policy, door.clock, Memory(door.clock, born_at=door.clock.now()))


@pytest.mark.parametrize("age", [60, 30, 0, -5, -10])
async def test_a_proof_from_before_a_restart_is_challenged(age: float) -> None:
    door = Door("auto")
    proof = door.proof(age=age)
    await door.admit(proof)
    door = restarted(door, after=0.001)
    if age == 60:
        await door.assert_challenges(proof, Check.IAT)
    else:
        challenge = await door.assert_challenges(proof, Check.REPLAY)
        assert "restarted" in challenge.description


@pytest.mark.parametrize("age", [30, 0, -5, -10])
async def test_where_nonces_are_off_it_is_refused_and_a_fresh_one_asked_for(age: float) -> None:
    door = Door("off")
    proof = door.proof(age=age)
    await door.admit(proof)
    door = restarted(door, after=0.001)
    refused = await door.assert_refuses(proof, Check.REPLAY)
    assert "send a fresh proof" in refused.description
    assert refused.expected == f"an iat from {int(NOW) + 11} on"


@pytest.mark.parametrize("policy", ["auto", "off"])
@pytest.mark.parametrize("later", [0, 30, 59.9, 60, 61, 65])
async def test_a_proof_dated_ahead_stays_out_for_as_long_as_its_iat_is_in_the_window(
    policy: str, later: float
) -> None:
    door = Door(policy)
    proof = door.proof(age=-5)
    await door.admit(proof)
    door = restarted(door)
    door.clock.advance(later)
    if policy == "auto":
        await door.assert_challenges(proof, Check.REPLAY)
    else:
        await door.assert_refuses(proof, Check.REPLAY)


@pytest.mark.parametrize("policy", ["auto", "off"])
async def test_no_moment_after_a_restart_lets_an_old_proof_in(policy: str) -> None:
    door = Door(policy)
    proofs = [door.proof(age=age) for age in range(-10, 61, 5)]
    for proof in proofs:
        await door.admit(proof)
    door = restarted(door, after=0.5)
    for _ in range(90):
        outcomes = await asyncio.gather(*map(door.admit, proofs), return_exceptions=True)
        assert all(isinstance(one, Exception) for one in outcomes)
        door.clock.advance(1)


@pytest.mark.parametrize("policy", ["auto", "off"])
async def test_a_proof_that_no_memory_before_can_have_held_is_admitted(policy: str) -> None:
    door = restarted(Door(policy))
    assert await door.admits(door.proof(age=-10))
    door.clock.advance(10)
    assert await door.admits(door.proof())


@pytest.mark.parametrize("policy", ["auto", "required"])
async def test_the_challenge_is_healed_by_one_retry(policy: str) -> None:
    door = restarted(Door(policy))
    check = Check.REPLAY if policy == "auto" else Check.NONCE
    challenge = await door.assert_challenges(door.proof(), check)
    assert await door.admits(door.proof(nonce=challenge.nonce))


@pytest.mark.parametrize("policy", ["auto", "required"])
async def test_a_restart_voids_all_nonces(policy: str) -> None:
    door = Door(policy)
    proof = door.proof(nonce=await door.nonce())
    await door.admit(proof)
    await restarted(door).assert_challenges(proof, Check.NONCE)


async def test_the_first_memory_of_all_challenges_nobody() -> None:
    door = Door("auto")
    assert door.memory.born_at is None
    assert await door.admits(door.proof(age=30))


async def test_an_old_birth_is_of_no_more_account() -> None:
    clock = FrozenClock()
    door = Door("auto", clock, Memory(clock, born_at=NOW - 70.001))
    assert await door.admits(door.proof(age=60))


@pytest.mark.parametrize("policy", ["auto", "required"])
async def test_a_server_forgets_the_nonces_of_a_memory_that_was_lost(policy: str) -> None:
    door = Door(policy)
    proof = door.proof(nonce=await door.nonce())
    await door.admit(proof)
    door.memory.lose()
    challenge = await door.assert_challenges(proof, Check.NONCE)
    assert await door.admits(door.proof(nonce=challenge.nonce))


async def test_a_server_notices_the_birth_of_another_memory() -> None:
    door = Door("auto")
    proof = door.proof()
    await door.admit(proof)
    door.memory.lose()
    await door.assert_challenges(proof, Check.REPLAY)


@pytest.mark.parametrize("policy", ["auto", "required"])
async def test_a_proof_with_a_nonce_is_challenged_if_the_memory_is_lost_under_it(
    policy: str,
) -> None:
    door = Door(policy)
    proof = door.proof(nonce=await door.nonce())
    await door.admit(proof)
    door.memory.lose_at_next_spend = True
    with pytest.raises(NonceRequired, match="restarted") as challenged:
        await door.admit(proof)
    assert await door.admits(door.proof(nonce=challenged.value.nonce))


async def test_a_proof_without_one_is_refused_if_the_memory_is_lost_under_it() -> None:
    door = Door("off")
    proof = door.proof()
    await door.admit(proof)
    door.memory.lose_at_next_spend = True
    refused = await door.assert_refuses(proof, Check.REPLAY)
    assert "send a fresh proof" in refused.description


async def test_a_clients_policy_off_is_refused_after_a_restart_of_a_server_with_nonces() -> None:
    door = Door("required")
    client = a_client(dpop_nonce="off")
    proof = door.proof()
    await door.admit(proof, client)
    await restarted(door, after=1).assert_refuses(proof, Check.REPLAY, client)
