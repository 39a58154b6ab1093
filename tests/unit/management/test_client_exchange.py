"""For what a client may exchange tokens (RFC 8693)."""

import dataclasses
from typing import Any

import pytest

from app.management.client_types import ClientType
from app.management.clients import ClientManagement
from app.management.errors import Refused
from app.management.new_client import ClientChange, NewClient
from app.management.resources import ResourceManagement
from app.management.views import client_view
from app.oauth.client import AuthMethod, GrantType
from app.oauth.ports import ResourceServer

API = "https://api.example"
CLIENT = NewClient(ClientType.SERVICE, "An API")
ALLOWED = ClientChange(
    grant_types=frozenset({GrantType.TOKEN_EXCHANGE.value}),
    exchange_audiences=(API,),
    may_impersonate=True,
    may_delegate=True,
)


@pytest.fixture
async def client_id(clients: ClientManagement, resources: ResourceManagement) -> str:
    await resources.add(ResourceServer(API, "API", frozenset({"read"})))
    return (await clients.add(CLIENT)).client.client_id


async def test_a_new_client_may_exchange_nothing(clients: ClientManagement, client_id: str) -> None:
    view = client_view(await clients.show(client_id))
    assert GrantType.TOKEN_EXCHANGE not in view["grant_types"]
    assert (view["exchange_audiences"], view["may_impersonate"], view["may_delegate"]) == (
        [],
        False,
        False,
    )


async def test_an_administrator_allows_it(clients: ClientManagement, client_id: str) -> None:
    view = client_view(await clients.update(client_id, ALLOWED))
    assert view["exchange_audiences"] == [API]
    assert view["may_impersonate"]
    assert view["may_delegate"]


@pytest.mark.rfc("8693", "2.1")
@pytest.mark.parametrize(
    ("member", "change"),
    [
        ("grant_types", {"grant_types": ALLOWED.grant_types}),
        ("exchange_audiences", {"exchange_audiences": (API,)}),
        ("may_impersonate", {"may_impersonate": True}),
        ("may_delegate", {"may_delegate": True}),
    ],
)
async def test_a_public_client_is_allowed_none_of_it(
    clients: ClientManagement, client_id: str, member: str, change: dict[str, Any]
) -> None:
    assert client_id
    public = NewClient(
        ClientType.SPA, "A page", ("https://client.example/cb",), auth_method=AuthMethod.NONE
    )
    added = (await clients.add(public)).client
    if member == "grant_types":
        change = {"grant_types": added.grant_types | change["grant_types"]}
    with pytest.raises(Refused) as caught:
        await clients.update(added.client_id, ClientChange(**change))
    assert caught.value.field == member


@pytest.mark.parametrize(
    "uris",
    [("https://other.example",), (API, "https://other.example"), (API, API), (API,) * 21],
    ids=["unknown", "one unknown", "twice", "too many"],
)
async def test_what_is_no_list_of_registered_resource_servers_is_refused(
    clients: ClientManagement, client_id: str, uris: tuple[str, ...]
) -> None:
    with pytest.raises(Refused) as caught:
        await clients.update(client_id, dataclasses.replace(ALLOWED, exchange_audiences=uris))
    assert caught.value.field == "exchange_audiences"
    assert (await clients.show(client_id)).exchange_audiences == ()


async def test_a_client_of_a_deleted_target_can_still_be_changed(
    clients: ClientManagement, resources: ResourceManagement, client_id: str
) -> None:
    await clients.update(client_id, ALLOWED)
    await resources.delete(API)
    changed = await clients.update(client_id, ClientChange(client_name="The API"))
    assert changed.client_name == "The API"
