"""Authorization codes, in every store."""

import dataclasses

import pytest

from app.oauth.ports import StoredCode

from .builders import a_code, a_hash, at_once
from .conftest import State


async def test_a_code_is_found_as_it_was_put(state: State) -> None:
    key = a_hash()
    await state.codes.put(key, a_code())
    assert await state.codes.find(key) == StoredCode(a_code(), spent=False)


async def test_a_code_without_optional_members_is_found_as_it_was_put(state: State) -> None:
    key, code = a_hash(), a_code(dpop_jkt=None, scopes=frozenset(), resources=(), acr=None)
    code = dataclasses.replace(code, authorization_details=())
    await state.codes.put(key, code)
    assert await state.codes.find(key) == StoredCode(code, spent=False)


async def test_an_unknown_code_is_not_found(state: State) -> None:
    await state.codes.put(a_hash(), a_code())
    assert await state.codes.find(a_hash()) is None


async def test_an_unknown_code_cannot_be_spent(state: State) -> None:
    key = a_hash()
    assert not await state.codes.spend(key)
    assert await state.codes.find(key) is None


@pytest.mark.rfc("6749", "4.1.2")
async def test_a_code_is_spent_once(state: State) -> None:
    key = a_hash()
    await state.codes.put(key, a_code())
    assert await state.codes.spend(key)
    assert not await state.codes.spend(key)


async def test_a_spent_code_stays_visible(state: State) -> None:
    key = a_hash()
    await state.codes.put(key, a_code())
    await state.codes.spend(key)
    assert await state.codes.find(key) == StoredCode(a_code(), spent=True)


async def test_of_twenty_spenders_at_once_one_wins(state: State) -> None:
    key = a_hash()
    await state.codes.put(key, a_code())
    assert sum(await at_once(20, lambda: state.codes.spend(key))) == 1
