"""Pushed authorization requests, in every store."""

import pytest

from app.oauth.par import OpenedRequest
from tests.builders import NOW

from .builders import a_hash, a_pushed_request, at_once
from .conftest import State

UNTIL = NOW + 1800


async def test_a_request_is_opened_as_it_was_put(state: State) -> None:
    key = a_hash()
    await state.pushed_requests.put(key, a_pushed_request())
    opened = await state.pushed_requests.open(key, UNTIL)
    assert opened == OpenedRequest(a_pushed_request(), spent=False)


async def test_an_unknown_request_is_not_opened(state: State) -> None:
    await state.pushed_requests.put(a_hash(), a_pushed_request())
    assert await state.pushed_requests.open(a_hash(), UNTIL) is None


async def test_an_unknown_request_cannot_be_spent(state: State) -> None:
    key = a_hash()
    assert not await state.pushed_requests.spend(key)
    assert await state.pushed_requests.open(key, UNTIL) is None


@pytest.mark.rfc("9126", "4")
async def test_a_request_may_be_opened_again_until_it_is_spent(state: State) -> None:
    key = a_hash()
    await state.pushed_requests.put(key, a_pushed_request())
    for _ in range(3):
        opened = await state.pushed_requests.open(key, UNTIL)
        assert opened == OpenedRequest(a_pushed_request(), spent=False)
    assert await state.pushed_requests.spend(key)
    opened = await state.pushed_requests.open(key, UNTIL)
    assert opened == OpenedRequest(a_pushed_request(), spent=True)


@pytest.mark.rfc("9126", "7.3")
async def test_a_request_is_spent_once(state: State) -> None:
    key = a_hash()
    await state.pushed_requests.put(key, a_pushed_request())
    assert await state.pushed_requests.spend(key)
    assert not await state.pushed_requests.spend(key)


async def test_of_twenty_spenders_at_once_one_wins(state: State) -> None:
    key = a_hash()
    await state.pushed_requests.put(key, a_pushed_request())
    await state.pushed_requests.open(key, UNTIL)
    assert sum(await at_once(20, lambda: state.pushed_requests.spend(key))) == 1
