"""Registering types of authorization details in a real database."""

import dataclasses
import json
import re
from typing import Any

import pytest

from app.management.client_types import ClientType
from app.management.clients import ClientManagement
from app.management.details_schema import MAX_BYTES, MAX_DEPTH
from app.management.details_types import DetailsTypeManagement
from app.management.errors import NotFound, Refused
from app.management.new_client import ClientChange, NewClient
from app.management.resources import ResourceManagement
from app.oauth.details_type import DetailsType
from app.storage.database import SqlDatabase
from app.telemetry.audit import EventKind
from tests.builders import FrozenClock
from tests.details import ACCOUNTS, PAYMENT, PHOTOS
from tests.unit.management.conftest import ACTOR, audit
from tests.unit.management.test_resources import API

CLOSED = {"type": "object", "additionalProperties": False}


@pytest.fixture
def types(database: SqlDatabase, clock: FrozenClock) -> DetailsTypeManagement:
    return DetailsTypeManagement(database, clock, actor=ACTOR)


def defined_by(field: object, **members: Any) -> DetailsType:
    """Return a type with one field, ``a``, of this schema."""
    return DetailsType("a", "A", {**CLOSED, "properties": {"a": field}, **members})


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"not": schema}
    return schema


async def test_a_type_is_stored_and_listed(types: DetailsTypeManagement) -> None:
    for each in (PAYMENT, PHOTOS):
        assert await types.add(each) == each
    assert await types.list() == [PAYMENT, PHOTOS]


async def test_registering_and_deleting_is_audited(
    types: DetailsTypeManagement, database: SqlDatabase
) -> None:
    await types.add(PAYMENT)
    await types.delete(PAYMENT.type)
    events = await audit(database)
    kinds = [EventKind.DETAILS_TYPE_CREATED, EventKind.DETAILS_TYPE_DELETED]
    assert [event.kind for event in events] == kinds
    assert dict(events[0].details) == {"actor": ACTOR, "details_type": PAYMENT.type}


async def test_a_name_is_taken_once(types: DetailsTypeManagement) -> None:
    await types.add(PAYMENT)
    with pytest.raises(Refused, match="already registered"):
        await types.add(PAYMENT)


async def test_what_is_not_there_cannot_be_deleted(types: DetailsTypeManagement) -> None:
    with pytest.raises(NotFound, match="details-type list"):
        await types.delete("payment")


async def test_the_resource_of_a_type_is_registered(
    types: DetailsTypeManagement, resources: ResourceManagement
) -> None:
    bound = dataclasses.replace(ACCOUNTS, resource_uri=API.uri)
    with pytest.raises(Refused, match="there is no resource"):
        await types.add(bound)
    await resources.add(API)
    assert await types.add(bound) == bound


@pytest.mark.parametrize("name", ["", "a b", "a\n", "a'", 'a"', "ä", "a" * 201, "-a", "\ud800"])
async def test_a_type_has_a_name_that_is_easily_copied(
    types: DetailsTypeManagement, name: str
) -> None:
    with pytest.raises(Refused, match="type: "):
        await types.add(dataclasses.replace(PHOTOS, type=name))


@pytest.mark.parametrize("name", ["", "a\n", "a" * 101])
async def test_people_can_read_what_a_type_is_called(
    types: DetailsTypeManagement, name: str
) -> None:
    with pytest.raises(Refused, match="name: "):
        await types.add(dataclasses.replace(PHOTOS, name=name))


@pytest.mark.parametrize(
    "field",
    [
        True,
        {"type": ["string", "null"], "format": "date"},
        {"oneOf": [{"const": 1}, {"type": "object", "properties": {"b": {}}}]},
        {"type": "object", "properties": {"b": {}}, "unevaluatedProperties": False},
        {"type": "array", "prefixItems": [{"type": "string"}], "items": False},
        {"pattern": "^(a+)+$"},
        nested(MAX_DEPTH - 2),
    ],
    ids=lambda field: json.dumps(field)[:40],
)
async def test_a_schema_of_the_draft_is_taken(types: DetailsTypeManagement, field: object) -> None:
    new = defined_by(field)
    await types.add(new)
    assert await types.list() == [new]


@pytest.mark.parametrize(
    ("field", "where"),
    [
        ({"$ref": "https://example.com/schema"}, "/properties/a/$ref"),
        ({"$ref": "#"}, "/properties/a/$ref"),
        ({"$dynamicRef": "#a"}, "/properties/a/$dynamicRef"),
        ({"$defs": {}}, "/properties/a/$defs"),
        ({"$id": "https://example.com"}, "/properties/a/$id"),
        ({"items": {"requried": []}}, "/properties/a/items/requried"),
        ({"patternProperties": {}}, "/properties/a/patternProperties"),
        ({"anyOf": [{}, {"contentSchema": {}}]}, "/properties/a/anyOf/1/contentSchema"),
        ({"properties": {"b": {}}}, "/properties/a: expected 'additionalProperties'"),
        ({"items": {"properties": {}}}, "/properties/a/items: expected 'additionalProperties'"),
        ({"type": "text"}, "/properties/a/type"),
        ({"pattern": "("}, "/properties/a/pattern"),
        ({"pattern": "(?=a)"}, "/properties/a/pattern"),
        ({"pattern": "(a{1000}){1000}"}, "/properties/a/pattern"),
        ({"format": "no-such"}, "format"),
        ({"minimum": "1"}, "/properties/a/minimum"),
        (7, "/properties/a: expected a schema"),
        ([], "/properties/a: expected a schema"),
        (nested(MAX_DEPTH), "nested more than"),
        ({"enum": ["x" * MAX_BYTES]}, f"at most {MAX_BYTES} bytes"),
    ],
    ids=lambda value: json.dumps(value)[:40],
)
async def test_any_other_is_refused_with_its_place(
    types: DetailsTypeManagement, field: object, where: str
) -> None:
    with pytest.raises(Refused, match="^schema: .*" + re.escape(where)):
        await types.add(defined_by(field))


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object"},
        {"type": "array", "properties": {}},
        {"type": "object", "properties": []},
        {"type": "object", "properties": {}},
        {**CLOSED, "properties": {}, "$schema": "http://json-schema.org/draft-07/schema#"},
        {**CLOSED, "properties": {"a": {}}, "required": ["b"]},
    ],
    ids=lambda schema: json.dumps(schema)[:40],
)
async def test_a_schema_is_of_a_closed_object(
    types: DetailsTypeManagement, schema: dict[str, Any]
) -> None:
    with pytest.raises(Refused, match=r"^schema: "):
        await types.add(DetailsType("a", "A", schema))
    assert await types.list() == []


async def test_a_client_uses_registered_types_only(
    types: DetailsTypeManagement, clients: ClientManagement
) -> None:
    wanted = frozenset({PHOTOS.type})
    new = NewClient(
        ClientType.SERVICE, "A service", authorization_details_types=wanted, client_id="service"
    )
    change = ClientChange(authorization_details_types=wanted)
    with pytest.raises(Refused, match="authorization_details_types: there is no type"):
        await clients.add(new)
    await types.add(PHOTOS)
    added = await clients.add(new)
    assert added.client.authorization_details_types == wanted
    await types.delete(PHOTOS.type)
    # What is there already stays, so that the client can be changed in other ways.
    assert (await clients.update("service", change)).authorization_details_types == wanted
    none = ClientChange(authorization_details_types=frozenset())
    assert not (await clients.update("service", none)).authorization_details_types
    with pytest.raises(Refused, match="there is no type"):
        await clients.update("service", change)
