"""Who is signed in."""

import dataclasses

import pytest

from app.credentials import Kind, digest, mint
from app.oauth.interaction import Person

from .conftest import LIFETIME, Accounts


async def test_a_session_tells_who_signed_in_and_when(accounts: Accounts) -> None:
    began = accounts.clock.now()
    value = await accounts.sessions.start("ada", replacing=None)
    accounts.clock.advance(60)
    found = await accounts.sessions.current(value)
    assert found is not None
    assert found.user.email == "ada@people.example"
    assert found.person == Person("ada", began)


async def test_only_the_hash_of_the_browsers_value_is_stored(accounts: Accounts) -> None:
    value = await accounts.sessions.start("ada", replacing=None)
    assert await accounts.state.sessions.find(value) is None
    assert await accounts.state.sessions.find(digest(value)) is not None


async def test_the_value_is_new_at_every_sign_in_and_the_old_session_ends(
    accounts: Accounts,
) -> None:
    before = await accounts.sessions.start("ada", replacing=None)
    after = await accounts.sessions.start("ada", replacing=before)
    assert after != before
    assert await accounts.sessions.current(before) is None
    assert await accounts.sessions.current(after) is not None


async def test_a_planted_value_never_becomes_a_session(accounts: Accounts) -> None:
    planted = mint(Kind.SESSION)
    assert await accounts.sessions.start("ada", replacing=planted) != planted
    assert await accounts.sessions.current(planted) is None


async def test_a_session_ends_after_its_lifetime(accounts: Accounts) -> None:
    value = await accounts.sessions.start("ada", replacing=None)
    accounts.clock.advance(LIFETIME)
    assert await accounts.sessions.current(value) is None


async def test_a_session_that_was_ended_is_gone(accounts: Accounts) -> None:
    value = await accounts.sessions.start("ada", replacing=None)
    await accounts.sessions.end(value)
    assert await accounts.sessions.current(value) is None


@pytest.mark.parametrize(
    "value", [None, "", "x", "hf_ss_", "hf_ss_" + "é" * 43, "hf_rt_" + "a" * 43, "\x00" * 49]
)
async def test_a_malformed_value_is_nobody(accounts: Accounts, value: str | None) -> None:
    assert await accounts.sessions.current(value) is None
    assert await accounts.sessions.end(value) is None  # type: ignore[func-returns-value]  # it does not raise


async def test_a_person_disabled_or_deleted_is_no_longer_signed_in(accounts: Accounts) -> None:
    value = await accounts.sessions.start("ada", replacing=None)
    async with accounts.database.begin() as work:
        user = await work.users.find("ada")
        assert user is not None
        await work.users.replace(dataclasses.replace(user, disabled=True))
        await work.commit()
    assert await accounts.sessions.current(value) is None
    async with accounts.database.begin() as work:
        await work.users.delete("ada")
        await work.commit()
    assert await accounts.sessions.current(value) is None
