"""Registering resource servers in a real database."""

import dataclasses
import re
from typing import Any

import pytest

from app.management.errors import NotFound, Refused
from app.management.resources import MAX_LIFETIME, ResourceManagement
from app.oauth.ports import ResourceServer
from app.settings import MAX_ACCESS_TOKEN_LIFETIME
from app.storage.database import SqlDatabase
from app.telemetry.audit import EventKind
from tests.unit.management.conftest import ACTOR, audit

API = ResourceServer("https://api.example/notes", "Notes", frozenset({"read"}), 120)


async def test_a_resource_is_stored(resources: ResourceManagement) -> None:
    assert await resources.add(API) == API
    assert await resources.list() == [API]


@pytest.mark.parametrize(
    ("field", "broken"),
    [
        ("uri", {"uri": "not a uri"}),
        ("uri", {"uri": "https://api.example/#fragment"}),
        ("name", {"name": ""}),
        ("name", {"name": "n" * 101}),
        ("scope", {"scopes": frozenset({"two words"})}),
        ("access_token_lifetime", {"access_token_lifetime": 0}),
        ("access_token_lifetime", {"access_token_lifetime": 3601}),
    ],
)
async def test_a_resource_keeps_to_the_rules(
    resources: ResourceManagement, field: str, broken: dict[str, Any]
) -> None:
    with pytest.raises(Refused) as refused:
        await resources.add(dataclasses.replace(API, **broken))
    assert refused.value.field == field
    assert await resources.list() == []


def test_no_token_outlives_the_published_keys() -> None:
    assert MAX_LIFETIME == MAX_ACCESS_TOKEN_LIFETIME


async def test_a_uri_is_registered_once(resources: ResourceManagement) -> None:
    await resources.add(API)
    with pytest.raises(Refused, match="already"):
        await resources.add(API)


async def test_an_unknown_resource_is_named_in_the_refusal(resources: ResourceManagement) -> None:
    with pytest.raises(NotFound, match=re.escape(API.uri)):
        await resources.delete(API.uri)


async def test_every_change_leaves_its_audit_event(
    resources: ResourceManagement, database: SqlDatabase
) -> None:
    await resources.add(API)
    await resources.delete(API.uri)
    events = await audit(database)
    kinds = [each.kind for each in events]
    assert kinds == [EventKind.RESOURCE_CREATED, EventKind.RESOURCE_DELETED]
    assert all(each.details == {"actor": ACTOR, "resource": API.uri} for each in events)
