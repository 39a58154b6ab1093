"""For which resource servers a client may speak."""

import dataclasses
from typing import Any

import pytest

from app.management.client_types import ClientType
from app.management.clients import ClientManagement
from app.management.errors import Refused
from app.management.new_client import ClientChange, NewClient
from app.management.resources import ResourceManagement
from app.management.views import client_view
from app.oauth.ports import ResourceServer

API = "https://api.example"
GUARD = NewClient(ClientType.SERVICE, "An API", resource_uris=(API,))


@pytest.fixture(autouse=True)
async def registered(resources: ResourceManagement) -> None:
    await resources.add(ResourceServer(API, "API", frozenset({"read"})))


async def refusal(clients: ClientManagement, **changes: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await clients.add(dataclasses.replace(GUARD, **changes))
    assert await clients.list() == []
    return caught.value


async def test_a_client_speaks_for_a_registered_resource_server(clients: ClientManagement) -> None:
    added = await clients.add(GUARD)
    shown = await clients.show(added.client.client_id)
    assert client_view(shown)["resource_uris"] == [API]


@pytest.mark.rfc("7662", "2.1")
async def test_a_public_client_speaks_for_none(clients: ClientManagement) -> None:
    public = {"type": ClientType.SPA, "redirect_uris": ("https://client.example/callback",)}
    assert (await refusal(clients, **public)).field == "resource_uris"


@pytest.mark.parametrize(
    "uris",
    [("https://other.example",), (API, "https://other.example"), (API, API), (API,) * 21, ("\0",)],
    ids=["unknown", "one unknown", "twice", "too many", "nonsense"],
)
async def test_what_is_no_list_of_registered_resource_servers_is_refused(
    clients: ClientManagement, uris: tuple[str, ...]
) -> None:
    assert (await refusal(clients, resource_uris=uris)).field == "resource_uris"


async def test_a_change_is_held_to_the_same(clients: ClientManagement) -> None:
    client_id = (await clients.add(GUARD)).client.client_id
    with pytest.raises(Refused):
        await clients.update(client_id, ClientChange(resource_uris=("https://other.example",)))
    assert (await clients.show(client_id)).resource_uris == (API,)
    assert (await clients.update(client_id, ClientChange(resource_uris=()))).resource_uris == ()


async def test_a_client_of_a_deleted_resource_server_can_still_be_changed(
    clients: ClientManagement, resources: ResourceManagement
) -> None:
    client_id = (await clients.add(GUARD)).client.client_id
    await resources.delete(API)
    changed = await clients.update(client_id, ClientChange(client_name="The API"))
    assert changed.client_name == "The API"
