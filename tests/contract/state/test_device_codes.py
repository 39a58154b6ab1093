"""Device authorizations, in every store."""

import pytest

from app.oauth.device.codes import Decision
from app.oauth.device.ports import StoredDeviceCode
from tests.builders import NOW

from .builders import a_decision, a_device_request, a_hash, at_once
from .conftest import State


async def put(state: State) -> str:
    """Keep a device authorization, and return the hash of its device code."""
    key = a_hash()
    assert await state.device_codes.put(key, a_hash(), a_device_request())
    return key


async def test_a_device_code_is_found_as_it_was_put(state: State) -> None:
    key = await put(state)
    found = await state.device_codes.find(key)
    assert found == StoredDeviceCode(a_device_request(), decision=None, spent=False)


async def test_one_without_optional_members_is_found_as_it_was_put(state: State) -> None:
    key, request = a_hash(), a_device_request(dpop_jkt=None, scopes=frozenset(), resources=())
    assert await state.device_codes.put(key, a_hash(), request)
    found = await state.device_codes.find(key)
    assert found == StoredDeviceCode(request, decision=None, spent=False)


async def test_a_user_code_leads_to_its_device_code(state: State) -> None:
    key, user_code = a_hash(), a_hash()
    await state.device_codes.put(key, user_code, a_device_request())
    await put(state)
    assert await state.device_codes.named(user_code) == key


async def test_an_unknown_code_leads_nowhere(state: State) -> None:
    await put(state)
    assert await state.device_codes.named(a_hash()) is None
    assert await state.device_codes.find(a_hash()) is None


@pytest.mark.rfc("8628", "3.2")
async def test_a_user_code_is_one_devices_only(state: State) -> None:
    first, second, user_code = a_hash(), a_hash(), a_hash()
    assert await state.device_codes.put(first, user_code, a_device_request())
    assert not await state.device_codes.put(second, user_code, a_device_request())
    assert await state.device_codes.named(user_code) == first


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_decision_is_found_as_it_was_made(state: State, *, allowed: bool) -> None:
    key = await put(state)
    assert await state.device_codes.decide(key, a_decision(allowed=allowed))
    found = await state.device_codes.find(key)
    assert found == StoredDeviceCode(a_device_request(), a_decision(allowed=allowed), spent=False)


async def test_the_first_decision_stands(state: State) -> None:
    key = await put(state)
    assert await state.device_codes.decide(key, a_decision(allowed=False))
    assert not await state.device_codes.decide(key, a_decision())
    assert not await state.device_codes.decide(key, a_decision(allowed=False))
    found = await state.device_codes.find(key)
    assert found is not None
    assert found.decision == a_decision(allowed=False)


async def test_nothing_is_decided_about_an_unknown_code(state: State) -> None:
    key = a_hash()
    assert not await state.device_codes.decide(key, a_decision())
    assert await state.device_codes.find(key) is None


async def test_of_twenty_decisions_at_once_one_stands(state: State) -> None:
    key = await put(state)
    decisions = iter([a_decision(user_id=f"user {number}") for number in range(20)])
    taken: list[Decision] = []

    async def decide() -> None:
        decision = next(decisions)
        if await state.device_codes.decide(key, decision):
            taken.append(decision)

    await at_once(20, decide)
    found = await state.device_codes.find(key)
    assert found is not None
    assert taken == [found.decision]


@pytest.mark.rfc("8628", "3.5")
class TestPolls:
    async def test_the_first_is_never_too_soon(self, state: State) -> None:
        assert await state.device_codes.poll(await put(state), NOW, 5)

    async def test_those_an_interval_apart_are_in_time(self, state: State) -> None:
        key = await put(state)
        # The network may bring two a little closer together than they were sent.
        times = (0, 5, 10, 14.2, 19.1)
        assert all([await state.device_codes.poll(key, NOW + at, 5) for at in times])

    async def test_one_too_soon_lengthens_the_interval_for_all_that_follow(
        self, state: State
    ) -> None:
        key = await put(state)
        times = (0, 3, 9, 23.5, 38.5, 53.5)
        polls = [await state.device_codes.poll(key, NOW + at, 5) for at in times]
        # 5 seconds, then 10, then 15.
        assert polls == [True, False, False, True, True, True]

    async def test_of_twenty_at_once_one_is_in_time(self, state: State) -> None:
        key = await put(state)
        assert sum(await at_once(20, lambda: state.device_codes.poll(key, NOW, 5))) == 1
        # Each of the others added five seconds.
        assert not await state.device_codes.poll(key, NOW + 5 + 19 * 5 - 1.5, 5)

    async def test_they_leave_nothing_behind_for_an_unknown_code(self, state: State) -> None:
        key = a_hash()
        assert await state.device_codes.poll(key, NOW, 5)
        assert await state.device_codes.find(key) is None
        assert await state.device_codes.poll(key, NOW, 5)

    async def test_they_change_nothing_else(self, state: State) -> None:
        key = await put(state)
        await state.device_codes.decide(key, a_decision())
        await state.device_codes.poll(key, NOW, 5)
        found = await state.device_codes.find(key)
        assert found == StoredDeviceCode(a_device_request(), a_decision(), spent=False)


async def test_a_device_code_is_spent_once(state: State) -> None:
    key = await put(state)
    await state.device_codes.decide(key, a_decision())
    assert await state.device_codes.spend(key)
    assert not await state.device_codes.spend(key)


async def test_a_spent_device_code_stays_visible_as_it_was(state: State) -> None:
    key = await put(state)
    await state.device_codes.decide(key, a_decision())
    await state.device_codes.spend(key)
    found = await state.device_codes.find(key)
    assert found == StoredDeviceCode(a_device_request(), a_decision(), spent=True)


async def test_an_unknown_device_code_cannot_be_spent(state: State) -> None:
    key = a_hash()
    assert not await state.device_codes.spend(key)
    assert await state.device_codes.find(key) is None


async def test_of_twenty_spenders_at_once_one_wins(state: State) -> None:
    key = await put(state)
    assert sum(await at_once(20, lambda: state.device_codes.spend(key))) == 1
