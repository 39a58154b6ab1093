"""The origins of browser clients, as they follow from the clients stored."""

import sqlite3

import pytest

from app.oauth.client import ApplicationType, AuthMethod, Client
from app.storage.database import SqlDatabase

from .values import a_client

ORIGIN = "https://app.example"
ALLOWED = "https://pages.example:8443"


def a_browser_client(**changes: object) -> Client:
    base: dict[str, object] = {
        "auth_method": AuthMethod.NONE,
        "application_type": ApplicationType.WEB,
        "redirect_uris": (ORIGIN + "/callback", ORIGIN + "/other"),
        "allowed_origins": (ALLOWED, ORIGIN),
        "disabled": False,
    }
    return a_client(**{**base, **changes})


async def store(database: SqlDatabase, client: Client) -> None:
    async with database.begin() as work:
        if not await work.clients.replace(client):
            assert await work.clients.add(client)
        await work.commit()


async def known(database: SqlDatabase) -> set[str]:
    return {origin for origin in (ORIGIN, ALLOWED) if await database.origins.any(origin)}


async def test_the_origins_of_a_stored_browser_client_are_known(database: SqlDatabase) -> None:
    assert await known(database) == set()
    await store(database, a_browser_client())
    assert await known(database) == {ORIGIN, ALLOWED}


@pytest.mark.parametrize("other", ["https://app.example:1", "https://APP.example", "null", "%", ""])
async def test_no_other_origin_is(database: SqlDatabase, other: str) -> None:
    await store(database, a_browser_client())
    assert not await database.origins.any(other)


async def test_a_client_whose_name_is_taken_adds_no_origin(database: SqlDatabase) -> None:
    await store(database, a_client())
    async with database.begin() as work:
        assert not await work.clients.add(a_browser_client())
        await work.commit()
    assert await known(database) == set()


async def test_a_changed_client_has_its_new_origins_only(database: SqlDatabase) -> None:
    await store(database, a_browser_client())
    await store(database, a_browser_client(redirect_uris=(), allowed_origins=(ALLOWED,)))
    assert await known(database) == {ALLOWED}


async def test_a_change_by_version_changes_the_origins_too(database: SqlDatabase) -> None:
    await store(database, a_browser_client())
    async with database.begin() as work:
        await work.clients.replace(a_browser_client(allowed_origins=()), version=1)
        await work.commit()
    assert await known(database) == {ORIGIN}


async def test_a_disabled_client_has_no_origins_until_it_is_enabled(database: SqlDatabase) -> None:
    await store(database, a_browser_client())
    await store(database, a_browser_client(disabled=True))
    assert await known(database) == set()
    await store(database, a_browser_client())
    assert await known(database) == {ORIGIN, ALLOWED}


async def test_an_origin_is_known_while_any_client_has_it(database: SqlDatabase) -> None:
    await store(database, a_browser_client())
    await store(database, a_browser_client(client_id="second"))
    async with database.begin() as work:
        assert await work.clients.delete("spa")
        await work.commit()
    assert await known(database) == {ORIGIN, ALLOWED}
    async with database.begin() as work:
        assert await work.clients.delete("second")
        await work.commit()
    assert await known(database) == set()


async def test_a_change_that_is_not_committed_changes_no_origin(database: SqlDatabase) -> None:
    await store(database, a_browser_client())
    async with database.begin() as work:
        await work.clients.delete("spa")
    assert await known(database) == {ORIGIN, ALLOWED}


async def test_an_origin_is_found_by_an_index(sqlite_url: str) -> None:
    path = sqlite_url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as file:
        plan = file.execute(
            "EXPLAIN QUERY PLAN SELECT origin FROM client_origins WHERE origin = ? LIMIT 1", ("o",)
        ).fetchall()
    file.close()
    assert [row[3].startswith("SEARCH client_origins USING") for row in plan] == [True]
