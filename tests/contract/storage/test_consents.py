"""Remembered consents."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from app.oauth.ports import Consent
from app.storage.database import SqlDatabase
from tests.builders import NOW

from .values import DETAILS, a_user

CONSENT = Consent(
    "usr_alice", "spa", frozenset({"read", "write"}), frozenset({"https://api.example"})
)


@pytest.fixture(autouse=True)
async def users(database: SqlDatabase) -> None:
    async with database.begin() as work:
        await work.users.add(a_user())
        await work.users.add(a_user(user_id="usr_bob", email="bob@example.org"))
        await work.commit()


async def give(database: SqlDatabase, consent: Consent) -> None:
    async with database.begin() as work:
        await work.consents.give(consent, NOW)
        await work.commit()


async def find(database: SqlDatabase, user_id: str = "usr_alice") -> Consent | None:
    async with database.read() as work:
        return await work.consents.find(user_id, "spa")


async def test_a_consent_is_found_as_it_was_given(database: SqlDatabase) -> None:
    await give(database, CONSENT)
    assert await find(database) == CONSENT


async def test_the_details_last_allowed_are_those_remembered(database: SqlDatabase) -> None:
    await give(database, replace(CONSENT, authorization_details=DETAILS))
    assert await find(database) == replace(CONSENT, authorization_details=DETAILS)
    other = ({"type": "a"},)
    await give(database, replace(CONSENT, authorization_details=other))
    assert await find(database) == replace(CONSENT, authorization_details=other)


async def test_a_consent_without_details_keeps_those_allowed_before(database: SqlDatabase) -> None:
    await give(database, replace(CONSENT, authorization_details=DETAILS))
    await give(database, CONSENT)
    assert await find(database) == replace(CONSENT, authorization_details=DETAILS)


async def test_a_consent_to_nothing_in_particular_is_a_consent(database: SqlDatabase) -> None:
    consent = Consent("usr_alice", "spa", frozenset())
    await give(database, consent)
    assert await find(database) == consent


async def test_one_persons_consent_is_not_anothers(database: SqlDatabase) -> None:
    await give(database, CONSENT)
    assert await find(database, "usr_bob") is None


async def test_a_second_consent_widens_the_first(database: SqlDatabase) -> None:
    await give(database, CONSENT)
    more = Consent("usr_alice", "spa", frozenset({"read", "admin"}), frozenset({"https://b"}))
    await give(database, more)
    assert await find(database) == Consent(
        "usr_alice",
        "spa",
        frozenset({"read", "write", "admin"}),
        frozenset({"https://api.example", "https://b"}),
    )


async def test_a_smaller_consent_takes_nothing_away(database: SqlDatabase) -> None:
    await give(database, CONSENT)
    await give(database, Consent("usr_alice", "spa", frozenset()))
    assert await find(database) == CONSENT


async def test_of_consents_given_at_once_none_is_lost(database: SqlDatabase) -> None:
    scopes = [f"scope{n}" for n in range(20)]
    each = (Consent("usr_alice", "spa", frozenset({scope})) for scope in scopes)
    await asyncio.gather(*(give(database, consent) for consent in each))
    assert await find(database) == Consent("usr_alice", "spa", frozenset(scopes))


async def test_a_persons_consents_are_listed_by_client(database: SqlDatabase) -> None:
    other = Consent("usr_alice", "cli", frozenset({"read"}))
    await give(database, CONSENT)
    await give(database, other)
    await give(database, Consent("usr_bob", "spa", frozenset({"read"})))
    async with database.read() as work:
        assert await work.consents.list_for("usr_alice") == [other, CONSENT]


async def test_revoking_says_whether_there_was_a_consent(database: SqlDatabase) -> None:
    await give(database, CONSENT)
    async with database.begin() as work:
        assert await work.consents.revoke("usr_alice", "spa") is True
        assert await work.consents.revoke("usr_alice", "spa") is False
        await work.commit()
    assert await find(database) is None


async def test_nobody_who_is_not_there_can_consent(database: SqlDatabase) -> None:
    with pytest.raises(IntegrityError):
        await give(database, Consent("usr_x", "spa", frozenset()))
    assert await find(database, "usr_x") is None
