"""The people who may sign in."""

import asyncio
from dataclasses import replace

import pytest

from app.oauth.ports import Consent
from app.oauth.token_family import Status
from app.storage.database import SqlDatabase
from app.storage.errors import Taken
from app.storage.users import User
from tests.builders import NOW

from .processes import race
from .values import a_family, a_user
from .worker import add_user


async def add(database: SqlDatabase, user: User) -> bool:
    async with database.begin() as work:
        added = await work.users.add(user)
        await work.commit()
    return added


async def test_a_user_is_found_by_id_with_every_field(database: SqlDatabase) -> None:
    assert await add(database, a_user()) is True
    assert await database.users.find("usr_alice") == a_user()


@pytest.mark.parametrize(
    "email", ["Alice@Example.org", "alice@example.org", "ALICE@EXAMPLE.ORG", " alice@example.org"]
)
async def test_a_user_is_found_by_address_whatever_its_case(
    database: SqlDatabase, email: str
) -> None:
    await add(database, a_user())
    assert await database.users.find_by_email(email) == a_user()


@pytest.mark.parametrize("email", ["", "bob@example.org", "a\0@b", "\udfff"])
async def test_an_unknown_address_is_not_found(database: SqlDatabase, email: str) -> None:
    await add(database, a_user())
    assert await database.users.find_by_email(email) is None


async def test_an_unknown_id_is_not_found(database: SqlDatabase) -> None:
    assert await database.users.find("usr_x") is None


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(a_user(user_id="usr_2"), id="same address"),
        pytest.param(a_user(user_id="usr_2", email="aLiCe@example.ORG"), id="other case"),
        pytest.param(a_user(email="bob@example.org"), id="same id"),
    ],
)
async def test_an_address_and_an_id_are_taken_once(database: SqlDatabase, second: User) -> None:
    await add(database, a_user())
    assert await add(database, second) is False
    async with database.read() as work:
        assert await work.users.list() == [a_user()]


@pytest.mark.parametrize("letters", ["STRASSE straße", "ÄÖ äö"])
async def test_case_is_ignored_beyond_ascii_too(database: SqlDatabase, letters: str) -> None:
    one, other = (f"{name}@example.org" for name in letters.split())
    await add(database, a_user(email=one))
    assert await add(database, a_user(user_id="usr_2", email=other)) is False


async def test_of_twenty_sign_ups_with_one_address_one_succeeds(database: SqlDatabase) -> None:
    users = [a_user(user_id=f"usr_{n}") for n in range(20)]
    results = await asyncio.gather(*(add(database, user) for user in users))
    assert sorted(results) == [False] * 19 + [True]


async def test_between_processes_one_address_is_taken_once(url: str) -> None:
    results = await race(url, *[("add_user", "alice@example.org")] * 2)
    assert sorted(results) == [False] * 19 + [True]


async def test_a_user_is_replaced_as_a_whole(database: SqlDatabase) -> None:
    await add(database, a_user())
    changed = User("usr_alice", "new@example.org", "New", "hash", created_at=NOW + 1)
    async with database.begin() as work:
        assert await work.users.lock("usr_alice") == a_user()
        assert await work.users.replace(changed) is True
        await work.commit()
    assert await database.users.find_by_email("NEW@example.org") == changed
    assert await database.users.find_by_email("alice@example.org") is None


async def test_a_user_cannot_take_the_address_of_another(database: SqlDatabase) -> None:
    await add(database, a_user())
    await add(database, a_user(user_id="usr_bob", email="bob@example.org"))
    async with database.begin() as work:
        with pytest.raises(Taken):
            await work.users.replace(a_user(user_id="usr_bob", email="ALICE@example.org"))
    found = await database.users.find("usr_bob")
    assert found is not None
    assert found.email == "bob@example.org"


async def test_replacing_an_unknown_user_changes_nothing(database: SqlDatabase) -> None:
    async with database.begin() as work:
        assert await work.users.lock("usr_alice") is None
        assert await work.users.replace(a_user()) is False


async def test_a_new_password_hash_changes_nothing_else(database: SqlDatabase) -> None:
    await add(database, a_user())
    assert await database.users.set_password_hash("usr_alice", "another") is True
    assert await database.users.find("usr_alice") == a_user(password_hash="another")
    assert await database.users.set_password_hash("usr_x", "another") is False


async def test_deleting_a_user_ends_their_consents_and_families(database: SqlDatabase) -> None:
    family = a_family()
    async with database.begin() as work:
        await work.users.add(a_user())
        await work.consents.give(Consent("usr_alice", "spa", frozenset({"read"})), NOW)
        await work.families.add(family)
        assert await work.users.delete("usr_alice") is True
        assert await work.users.delete("usr_alice") is False
        await work.commit()
    async with database.read() as work:
        assert await work.consents.find("usr_alice", "spa") is None
        assert await work.families.find(family.family_id) == replace(family, status=Status.REVOKED)


async def test_an_address_is_free_again_after_its_user_is_deleted(database: SqlDatabase) -> None:
    await add(database, a_user())
    async with database.begin() as work:
        await work.users.delete("usr_alice")
        await work.commit()
    assert await add_user(database, "alice@example.org") is True
