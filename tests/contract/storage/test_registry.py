"""Clients and resource servers are remembered, and forgotten when somebody changes them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app.oauth.client import Client
from app.oauth.errors import TemporarilyUnavailable
from app.oauth.ports import ResourceServer
from app.storage import registry
from app.storage.database import SqlDatabase, open_database
from app.storage.engine import Limits
from tests.statements import statements

from .values import a_client

API = ResourceServer("https://api.example", "API", frozenset({"read"}), 120)


@pytest.fixture
async def started(database: SqlDatabase) -> SqlDatabase:
    """A server's database, with a client and a resource server."""
    async with database.begin() as work:
        await work.clients.add(a_client())
        await work.resources.add(API)
        await work.commit()
    await database.start()
    return database


@pytest.fixture
async def elsewhere(url: str) -> AsyncIterator[SqlDatabase]:
    """The same database as another process has it."""
    opened = open_database(url)
    yield opened
    await opened.close()


async def change(database: SqlDatabase, client: Client) -> None:
    async with database.begin() as work:
        assert await work.clients.replace(client)
        await work.commit()


async def test_what_was_found_once_needs_no_statement(started: SqlDatabase) -> None:
    client, resource = a_client(), API
    for _ in range(2):
        with statements(started) as seen:
            assert await started.clients.find(client.client_id) == client
            assert await started.resources.find(resource.uri) == resource
    assert seen == []


async def test_before_the_start_nothing_is_remembered(started: SqlDatabase) -> None:
    await started.close()
    for _ in range(2):
        with statements(started) as seen:
            assert await started.clients.find("spa") == a_client()
    assert len(seen) == 1


async def test_a_change_made_here_is_seen_at_once(started: SqlDatabase) -> None:
    changed = replace(a_client(), disabled=True)
    assert await started.clients.find("spa") == a_client()
    await change(started, changed)
    assert await started.clients.find("spa") == changed


async def test_a_change_rolled_back_is_none(started: SqlDatabase) -> None:
    async with started.begin() as work:
        await work.clients.replace(replace(a_client(), disabled=True))
    assert await started.clients.find("spa") == a_client()


async def test_a_deleted_client_is_gone_at_once(started: SqlDatabase) -> None:
    assert await started.clients.find("spa")
    async with started.begin() as work:
        await work.clients.delete("spa")
        await work.commit()
    assert await started.clients.find("spa") is None


async def test_a_changed_resource_server_is_seen_at_once(started: SqlDatabase) -> None:
    resource = API
    assert await started.resources.find(resource.uri) == resource
    async with started.begin() as work:
        await work.resources.replace(replace(resource, name="New"))
        await work.commit()
    found = await started.resources.find(resource.uri)
    assert found is not None
    assert found.name == "New"


async def test_a_change_made_elsewhere_is_seen_at_the_next_look(
    started: SqlDatabase, elsewhere: SqlDatabase
) -> None:
    changed = replace(a_client(), disabled=True)
    assert await started.clients.find("spa") == a_client()
    await change(elsewhere, changed)
    await started._registry._look()
    assert await started.clients.find("spa") == changed


async def test_a_running_server_looks_by_itself(
    started: SqlDatabase, elsewhere: SqlDatabase
) -> None:
    changed = replace(a_client(), disabled=True)
    await change(elsewhere, changed)
    async with asyncio.timeout(30):
        while await started.clients.find("spa") != changed:
            await started.ping()


async def test_a_client_added_elsewhere_is_found_at_once(
    started: SqlDatabase, elsewhere: SqlDatabase
) -> None:
    new = a_client(client_id="new")
    assert await started.clients.find("new") is None
    async with elsewhere.begin() as work:
        await work.clients.add(new)
        await work.commit()
    assert await started.clients.find("new") == new


async def test_what_is_read_while_it_changes_is_not_remembered(started: SqlDatabase) -> None:
    changed = replace(a_client(), disabled=True)

    async def read_then_change(client_id: str) -> Client | None:
        found = await started.clients._clients.find(client_id)
        await change(started, changed)
        return found

    key = ("client", "spa")
    assert await started._registry.recall(key, read_then_change, "spa") == a_client()
    assert await started.clients.find("spa") == changed


async def test_without_an_answer_nothing_is_believed_for_long(
    database: SqlDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "TRUST", 0)
    async with database.begin() as work:
        await work.clients.add(a_client())
        await work.commit()
    await database.start()
    for _ in range(2):
        with statements(database) as seen:
            assert await database.clients.find("spa") == a_client()
    assert len(seen) == 1


def test_what_is_changed_elsewhere_reaches_a_server_within_a_second() -> None:
    assert registry.POLL < registry.TRUST < 1


async def test_a_server_does_not_start_while_the_database_does_not_answer() -> None:
    opened = open_database("postgresql://nobody@127.0.0.1:1/none", Limits(connect_timeout=0.5))
    with pytest.raises(TemporarilyUnavailable):
        await opened.start()
    await opened.close()


async def test_changes_at_once_are_all_counted(
    database: SqlDatabase, elsewhere: SqlDatabase
) -> None:
    async def add(to: SqlDatabase, name: str) -> None:
        async with to.begin() as work:
            assert await work.clients.lock(name) is None
            assert await work.clients.add(a_client(client_id=name))
            await work.commit()

    before = await version(database)
    pairs = [
        (to, f"{number}{to is database}") for number in range(10) for to in (database, elsewhere)
    ]
    await asyncio.gather(*(add(*pair) for pair in pairs))
    assert await version(database) == before + 20


async def version(database: SqlDatabase) -> int:
    async with database.read() as work:
        found = await work.registry_version.find()
    assert found is not None
    return found
