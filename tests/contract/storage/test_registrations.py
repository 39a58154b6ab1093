"""Clients that registered themselves, and the initial access tokens that let them in."""

import asyncio
from dataclasses import replace

import pytest

from app.credentials import digest
from app.oauth.ports import Consent
from app.oauth.registration import InitialToken, Registration
from app.storage.database import SqlDatabase
from tests.builders import NOW
from tests.contract.storage.values import a_client, a_family, a_user

DAY = 24 * 3600
TOKEN = InitialToken(
    token_id="regtoken_1",
    token_hash=digest("hf_it_1"),
    note="For CI",
    scopes=frozenset({"read", "write"}),
    grant_types=frozenset({"client_credentials"}),
    uses_left=2,
    created_at=NOW,
    expires_at=NOW + 60,
)


async def register(database: SqlDatabase, client_id: str, **changes: object) -> Registration:
    registration = Registration(client_id, digest(client_id), NOW)
    registration = replace(registration, **changes)  # type: ignore[arg-type]  # fields of it
    async with database.begin() as work:
        assert await work.clients.add(a_client(client_id=client_id, disabled=False))
        await work.registrations.add(registration)
        await work.commit()
    return registration


async def find(database: SqlDatabase, client_id: str) -> Registration | None:
    async with database.read() as work:
        return await work.registrations.find(client_id)


async def add_token(database: SqlDatabase, token: InitialToken = TOKEN) -> None:
    async with database.begin() as work:
        await work.initial_tokens.add(token)
        await work.commit()


async def spend(database: SqlDatabase, now: float = NOW) -> bool:
    async with database.begin() as work:
        spent = await work.initial_tokens.spend(TOKEN.token_id, now)
        await work.commit()
    return spent


async def forget_unused(database: SqlDatabase, before: float) -> int:
    async with database.begin() as work:
        forgotten = await work.registrations.forget_unused(before)
        await work.commit()
    return forgotten


async def test_a_registration_is_found_with_every_field(database: SqlDatabase) -> None:
    kept = await register(
        database,
        "app",
        initial_token="regtoken_1",
        previous_hash=digest("before"),
        request_hash=digest("{}"),
        salt="salt",
        rotated_at=NOW + 0.5,
    )
    assert await find(database, "app") == kept


@pytest.mark.parametrize("client_id", ["nobody", "", "a\0", "\ud900"])
async def test_whoever_did_not_register_is_not_found(database: SqlDatabase, client_id: str) -> None:
    assert await find(database, client_id) is None


async def test_a_registration_is_overwritten_alone(database: SqlDatabase) -> None:
    first, second = await register(database, "first"), await register(database, "second")
    changed = replace(first, token_hash=digest("next"), salt="salt")
    async with database.begin() as work:
        await work.registrations.replace(changed)
        await work.commit()
    assert await find(database, "first") == changed
    assert await find(database, "second") == second


async def test_a_registration_goes_with_its_client(database: SqlDatabase) -> None:
    await register(database, "app")
    async with database.begin() as work:
        await work.clients.delete("app")
        await work.commit()
    assert await find(database, "app") is None


async def test_open_registrations_are_those_without_a_token(database: SqlDatabase) -> None:
    await register(database, "one")
    await register(database, "two")
    await register(database, "three", initial_token="regtoken_1")
    async with database.read() as work:
        assert await work.registrations.count_open() == 2


async def test_only_old_open_registrations_that_nobody_used_are_forgotten(
    database: SqlDatabase,
) -> None:
    await register(database, "unused")
    await register(database, "young", created_at=NOW + DAY)
    await register(database, "invited", initial_token="regtoken_1")
    await register(database, "allowed")
    await register(database, "has-tokens")
    await register(database, "vouched-for")
    async with database.begin() as work:
        assert await work.users.add(a_user())
        await work.consents.give(Consent("usr_alice", "allowed", frozenset({"read"})), NOW)
        await work.families.add(a_family(client_id="has-tokens"))
        await work.clients.replace(a_client(client_id="vouched-for", unverified=False))
        assert await work.clients.add(a_client(client_id="registered-by-hand"))
        await work.commit()
    assert await forget_unused(database, NOW + 1) == 1
    async with database.read() as work:
        left = {client.client_id for client in await work.clients.list()}
    assert left == {
        "young",
        "invited",
        "allowed",
        "has-tokens",
        "vouched-for",
        "registered-by-hand",
    }
    assert await find(database, "unused") is None


async def test_an_initial_token_is_found_by_its_hash_with_every_field(
    database: SqlDatabase,
) -> None:
    await add_token(database)
    async with database.read() as work:
        assert await work.initial_tokens.find(TOKEN.token_hash) == TOKEN
        assert await work.initial_tokens.find(digest("another")) is None


async def test_initial_tokens_are_listed_the_oldest_first(database: SqlDatabase) -> None:
    younger = replace(TOKEN, token_id="a", token_hash=digest("a"), created_at=NOW + 1)
    await add_token(database, younger)
    await add_token(database)
    async with database.read() as work:
        assert await work.initial_tokens.list() == [TOKEN, younger]


async def test_an_initial_token_is_spent_as_often_as_it_says(database: SqlDatabase) -> None:
    await add_token(database)
    assert [await spend(database) for _ in range(3)] == [True, True, False]


async def test_many_at_once_spend_an_initial_token_no_more_often(database: SqlDatabase) -> None:
    await add_token(database)
    spent = await asyncio.gather(*(spend(database) for _ in range(10)))
    assert sorted(spent) == [False] * 8 + [True] * 2


async def test_an_initial_token_that_expired_is_not_spent(database: SqlDatabase) -> None:
    await add_token(database)
    assert await spend(database, NOW + 60) is False
    assert await spend(database, NOW + 59.9) is True


async def test_an_initial_token_that_was_deleted_is_not_spent(database: SqlDatabase) -> None:
    await add_token(database)
    async with database.begin() as work:
        assert await work.initial_tokens.delete(TOKEN.token_id)
        assert not await work.initial_tokens.delete(TOKEN.token_id)
        assert not await work.initial_tokens.delete("a\0")
        await work.commit()
    assert await spend(database) is False
