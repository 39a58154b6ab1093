"""The registered clients."""

from dataclasses import replace

import pytest

from app.oauth.client import AuthMethod, Client, ClientSecret
from app.oauth.ports import Consent
from app.oauth.token_family import Status
from app.storage.database import SqlDatabase
from app.storage.errors import ChangedMeanwhile
from tests.builders import NOW

from .values import a_client, a_family, a_user


async def add(database: SqlDatabase, client: Client) -> bool:
    async with database.begin() as work:
        added = await work.clients.add(client)
        await work.commit()
    return added


async def test_a_client_is_found_with_every_field(database: SqlDatabase) -> None:
    assert await add(database, a_client()) is True
    assert await database.clients.find("spa") == a_client()


async def test_a_client_of_defaults_is_found_with_every_field(database: SqlDatabase) -> None:
    client = Client("cli", "CLI", AuthMethod.NONE)
    await add(database, client)
    assert await database.clients.find("cli") == client


@pytest.mark.parametrize("client_id", ["", "unknown", "a\0b", "\ud800", "SPA", "x" * 100_000])
async def test_an_unknown_client_is_not_found(database: SqlDatabase, client_id: str) -> None:
    await add(database, a_client())
    assert await database.clients.find(client_id) is None


async def test_a_client_id_is_taken_once(database: SqlDatabase) -> None:
    await add(database, a_client())
    assert await add(database, a_client(client_name="Another")) is False
    assert await database.clients.find("spa") == a_client()


async def test_clients_are_listed_the_oldest_first(database: SqlDatabase) -> None:
    late, early = a_client(client_id="a", created_at=NOW + 1), a_client(client_id="b")
    await add(database, late)
    await add(database, early)
    async with database.read() as work:
        assert await work.clients.list() == [early, late]


async def test_a_client_is_replaced_as_a_whole(database: SqlDatabase) -> None:
    await add(database, a_client())
    changed = Client(
        "spa", "New", AuthMethod.NONE, secrets=(ClientSecret("hash"),), created_at=NOW + 2
    )
    async with database.begin() as work:
        assert await work.clients.lock("spa") == a_client()
        assert await work.clients.replace(changed) is True
        await work.commit()
    assert await database.clients.find("spa") == changed


async def test_replacing_an_unknown_client_changes_nothing(database: SqlDatabase) -> None:
    async with database.begin() as work:
        assert await work.clients.lock("spa") is None
        assert await work.clients.replace(a_client()) is False
        assert await work.clients.replace(a_client(), version=1) is False
        await work.commit()
    assert await database.clients.find("spa") is None


async def test_a_change_based_on_an_old_version_is_refused(database: SqlDatabase) -> None:
    await add(database, a_client())
    async with database.begin() as work:
        assert await work.clients.find_versioned("spa") == (a_client(), 1)
        assert await work.clients.replace(a_client(client_name="First"), version=1)
        assert await work.clients.find_versioned("spa") == (a_client(client_name="First"), 2)
        with pytest.raises(ChangedMeanwhile):
            await work.clients.replace(a_client(client_name="Second"), version=1)
        await work.commit()
    assert await database.clients.find("spa") == a_client(client_name="First")


async def test_deleting_a_client_ends_its_consents_and_families(database: SqlDatabase) -> None:
    ours, others = a_family(), a_family(client_id="other")
    async with database.begin() as work:
        await work.clients.add(a_client())
        await work.users.add(a_user())
        await work.consents.give(Consent("usr_alice", "spa", frozenset({"read"})), NOW)
        await work.families.add(ours)
        await work.families.add(others)
        assert await work.clients.delete("spa") is True
        await work.commit()
    assert await database.clients.find("spa") is None
    async with database.read() as work:
        assert await work.consents.find("usr_alice", "spa") is None
        assert await work.families.find(ours.family_id) == replace(ours, status=Status.REVOKED)
        assert await work.families.find(others.family_id) == others


@pytest.mark.parametrize("client_id", ["unknown", "a\0b"])
async def test_deleting_an_unknown_client_says_so(database: SqlDatabase, client_id: str) -> None:
    async with database.begin() as work:
        assert await work.clients.delete(client_id) is False
