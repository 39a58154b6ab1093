"""The registered resource servers."""

import pytest

from app.oauth.ports import ResourceServer
from app.storage.database import SqlDatabase

API = ResourceServer("https://api.example/", "API", frozenset({"read", "write"}), 120)
PLAIN = ResourceServer("https://a.example", "Plain", frozenset())


async def add(database: SqlDatabase, resource: ResourceServer) -> bool:
    async with database.begin() as work:
        added = await work.resources.add(resource)
        await work.commit()
    return added


@pytest.mark.parametrize("resource", [API, PLAIN])
async def test_a_resource_is_found_with_every_field(
    database: SqlDatabase, resource: ResourceServer
) -> None:
    assert await add(database, resource) is True
    assert await database.resources.find(resource.uri) == resource


@pytest.mark.parametrize(
    "uri", ["https://api.example", "https://API.example/", "", "a\0", "\ud900"]
)
async def test_a_resource_is_found_by_its_exact_uri_only(database: SqlDatabase, uri: str) -> None:
    await add(database, API)
    assert await database.resources.find(uri) is None


async def test_a_uri_is_taken_once(database: SqlDatabase) -> None:
    await add(database, API)
    assert await add(database, ResourceServer(API.uri, "Another", frozenset())) is False
    assert await database.resources.find(API.uri) == API


async def test_resources_are_listed_by_uri(database: SqlDatabase) -> None:
    await add(database, API)
    await add(database, PLAIN)
    assert await database.resources.list() == [PLAIN, API]


async def test_a_resource_is_replaced_and_deleted(database: SqlDatabase) -> None:
    await add(database, API)
    changed = ResourceServer(API.uri, "New", frozenset({"admin"}))
    async with database.begin() as work:
        assert await work.resources.replace(changed) is True
        assert await work.resources.find(API.uri) == changed
        assert await work.resources.delete(API.uri) is True
        assert await work.resources.delete(API.uri) is False
        assert await work.resources.delete("a\0") is False
        assert await work.resources.replace(changed) is False
        await work.commit()
    assert await database.resources.find(API.uri) is None
