"""The replay memory, its markers and its nonces, in every store."""

import re

import pytest

from app.dpop.ports import Outcome
from tests.builders import NOW, s256

from .builders import a_hash, a_spending, at_once
from .conftest import State

STEP = int(NOW // 60)


@pytest.mark.rfc("9449", "11.1")
async def test_a_proof_is_fresh_once(state: State) -> None:
    spending = a_spending()
    assert await state.proofs.spend(spending) is Outcome.FRESH
    assert await state.proofs.spend(spending) is Outcome.REPLAYED


async def test_another_proof_by_the_same_key_is_fresh(state: State) -> None:
    await state.proofs.spend(a_spending())
    assert await state.proofs.spend(a_spending()) is Outcome.FRESH


async def test_of_twenty_uses_at_once_one_is_fresh(state: State) -> None:
    spending = a_spending()
    outcomes = await at_once(20, lambda: state.proofs.spend(spending))
    assert outcomes.count(Outcome.FRESH) == 1
    assert outcomes.count(Outcome.REPLAYED) == 19


async def test_proofs_by_many_keys_are_told_apart(state: State) -> None:
    many = [a_spending(jkt=s256(f"key {number}")) for number in range(50)]
    assert {await state.proofs.spend(one) for one in many} == {Outcome.FRESH}
    assert {await state.proofs.spend(one) for one in many} == {Outcome.REPLAYED}


async def test_a_holder_never_given_a_nonce_owes_none(state: State) -> None:
    spending = a_spending(holder=a_hash(), owes_nonce=True)
    assert await state.proofs.spend(spending) is Outcome.FRESH


@pytest.mark.rfc("9449", "11.3")
async def test_a_holder_given_a_nonce_owes_one(state: State) -> None:
    spending = a_spending(holder=a_hash(), owes_nonce=True)
    await state.proofs.mark(spending.jkt, spending.holder)
    assert await state.proofs.spend(spending) is Outcome.NONCE_OWED


async def test_a_proof_that_owes_a_nonce_is_not_remembered(state: State) -> None:
    holder = a_hash()
    await state.proofs.mark(a_spending().jkt, holder)
    await state.proofs.spend(a_spending(holder=holder, owes_nonce=True, proof=s256("one")))
    again = a_spending(holder=holder, owes_nonce=False, proof=s256("one"))
    assert await state.proofs.spend(again) is Outcome.FRESH


async def test_a_marker_is_one_holders_alone(state: State) -> None:
    await state.proofs.mark(a_spending().jkt, a_hash())
    other = a_spending(holder=a_hash(), owes_nonce=True)
    assert await state.proofs.spend(other) is Outcome.FRESH


async def test_a_fresh_proof_can_renew_the_marker(state: State) -> None:
    holder = a_hash()
    assert await state.proofs.spend(a_spending(holder=holder, renew_marker=True)) is Outcome.FRESH
    owing = a_spending(holder=holder, owes_nonce=True)
    assert await state.proofs.spend(owing) is Outcome.NONCE_OWED


async def test_a_fresh_proof_leaves_no_marker_unless_told_to(state: State) -> None:
    holder = a_hash()
    await state.proofs.spend(a_spending(holder=holder))
    owing = a_spending(holder=holder, owes_nonce=True)
    assert await state.proofs.spend(owing) is Outcome.FRESH


async def test_a_replay_renews_no_marker(state: State) -> None:
    holder, proof = a_hash(), a_hash()
    await state.proofs.spend(a_spending(holder=holder, proof=proof))
    await state.proofs.spend(a_spending(holder=holder, proof=proof, renew_marker=True))
    owing = a_spending(holder=holder, owes_nonce=True)
    assert await state.proofs.spend(owing) is Outcome.FRESH


async def test_a_steps_nonce_stays_the_same(state: State) -> None:
    assert len(set(await at_once(20, lambda: state.proofs.nonce(STEP)))) == 1
    assert await state.proofs.known_nonce(STEP) == await state.proofs.nonce(STEP)


async def test_each_step_has_a_nonce_of_its_own(state: State) -> None:
    assert len({await state.proofs.nonce(STEP + number) for number in range(3)}) == 3


async def test_asking_for_a_known_nonce_makes_none(state: State) -> None:
    assert await state.proofs.known_nonce(STEP) is None
    assert await state.proofs.known_nonce(STEP) is None


@pytest.mark.rfc("9449", "8.1")
async def test_a_nonce_has_the_characters_of_a_nonce(state: State) -> None:
    assert re.fullmatch(r"[\x21\x23-\x5B\x5D-\x7E]+", await state.proofs.nonce(STEP))
