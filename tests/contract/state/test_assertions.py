"""The jti of client assertions, in every store."""

import pytest

from tests.builders import NOW

from .builders import a_hash, at_once
from .conftest import State


async def test_an_assertion_never_seen_is_not_spent(state: State) -> None:
    assert not await state.assertions.is_spent("client", a_hash())


@pytest.mark.rfc("7523", "3")
async def test_an_assertion_is_spent_once(state: State) -> None:
    jti = a_hash()
    assert await state.assertions.spend("client", jti, NOW + 60)
    assert not await state.assertions.spend("client", jti, NOW + 60)
    assert await state.assertions.is_spent("client", jti)


async def test_two_clients_may_use_the_same_jti(state: State) -> None:
    jti = a_hash()
    await state.assertions.spend("client", jti, NOW + 60)
    assert not await state.assertions.is_spent("other", jti)
    assert await state.assertions.spend("other", jti, NOW + 60)


async def test_a_jti_of_any_length_and_script_is_taken(state: State) -> None:
    jti = "ключ" * 5000
    assert await state.assertions.spend("client", jti, NOW + 60)
    assert not await state.assertions.spend("client", jti, NOW + 60)


async def test_of_twenty_spenders_at_once_one_wins(state: State) -> None:
    jti = a_hash()
    assert sum(await at_once(20, lambda: state.assertions.spend("client", jti, NOW + 60))) == 1


async def test_it_is_as_old_as_the_memory_of_proofs(state: State) -> None:
    assert state.assertions.born_at == state.proofs.born_at
