"""Registering, changing and removing clients in a real database."""

import asyncio
import dataclasses

import pytest

from app.credentials import Kind, digest
from app.management.client_secrets import MAX_OVERLAP
from app.management.client_types import ClientType
from app.management.clients import ClientManagement
from app.management.errors import NotFound, Refused
from app.management.new_client import ClientChange, NewClient
from app.management.views import client_view
from app.oauth.client import ApplicationType, AuthMethod, Client, GrantType
from app.oauth.ports import Consent
from app.storage.database import SqlDatabase
from app.storage.users import User
from app.telemetry.audit import EventKind
from tests.builders import NOW, FrozenClock
from tests.unit.management.conftest import ACTOR, audit

CALLBACK = ("https://client.example/callback",)
WEB = NewClient(ClientType.WEB, "A web server", redirect_uris=CALLBACK, scopes=frozenset({"read"}))
SIGN_IN = frozenset({GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN})


@pytest.mark.parametrize(
    ("client_type", "method", "application_type", "grants"),
    [
        (ClientType.SPA, AuthMethod.NONE, ApplicationType.WEB, SIGN_IN),
        (ClientType.NATIVE, AuthMethod.NONE, ApplicationType.NATIVE, SIGN_IN),
        (ClientType.WEB, AuthMethod.CLIENT_SECRET_BASIC, ApplicationType.WEB, SIGN_IN),
        (
            ClientType.SERVICE,
            AuthMethod.CLIENT_SECRET_BASIC,
            ApplicationType.WEB,
            frozenset({GrantType.CLIENT_CREDENTIALS}),
        ),
        (
            ClientType.DEVICE,
            AuthMethod.NONE,
            ApplicationType.NATIVE,
            frozenset({GrantType.DEVICE_CODE, GrantType.REFRESH_TOKEN}),
        ),
    ],
)
async def test_safe_defaults_follow_from_the_type(
    clients: ClientManagement,
    client_type: ClientType,
    method: AuthMethod,
    application_type: ApplicationType,
    grants: frozenset[str],
) -> None:
    uris = CALLBACK if grants == SIGN_IN else ()
    added = await clients.add(NewClient(client_type, "A client", redirect_uris=uris))
    client = added.client
    assert client.auth_method is method
    assert client.application_type is application_type
    assert client.grant_types == grants
    assert client.dpop_bound_access_tokens
    assert client.rotate_refresh_tokens
    assert (added.client_secret is None) == client.is_public
    assert await clients.show(client.client_id) == client


async def test_a_secret_is_returned_once_and_stored_as_a_hash(clients: ClientManagement) -> None:
    added = await clients.add(WEB)
    assert added.client_secret is not None
    assert added.client_secret.startswith(Kind.CLIENT_SECRET)
    stored = await clients.show(added.client.client_id)
    assert [each.hash for each in stored.secrets] == [digest(added.client_secret)]
    assert added.client_secret not in str(client_view(stored))
    assert digest(added.client_secret) not in str(client_view(stored))


async def test_a_client_that_breaks_a_rule_is_not_stored(
    clients: ClientManagement, database: SqlDatabase
) -> None:
    with pytest.raises(Refused):
        await clients.add(dataclasses.replace(WEB, redirect_uris=("http://client.example/cb",)))
    assert await clients.list() == []
    assert await audit(database) == []


@pytest.mark.parametrize(
    "client_id", ["", "-dash", "two words", "https://client.example", "x" * 65, "ü"]
)
async def test_a_chosen_client_id_needs_no_encoding(
    clients: ClientManagement, client_id: str
) -> None:
    with pytest.raises(Refused) as refused:
        await clients.add(dataclasses.replace(WEB, client_id=client_id))
    assert refused.value.field == "client_id"


async def test_a_client_id_is_taken_once(clients: ClientManagement) -> None:
    named = dataclasses.replace(WEB, client_id="my-client")
    await clients.add(named)
    with pytest.raises(Refused, match="taken"):
        await clients.add(named)


async def test_a_change_leaves_the_rest_as_it_is(clients: ClientManagement) -> None:
    before = (await clients.add(WEB)).client
    after = await clients.update(before.client_id, ClientChange(client_name="New", disabled=True))
    assert after == dataclasses.replace(before, client_name="New", disabled=True)
    assert await clients.show(before.client_id) == after


async def test_a_change_is_held_to_the_rules(clients: ClientManagement) -> None:
    before = (await clients.add(WEB)).client
    with pytest.raises(Refused):
        await clients.update(before.client_id, ClientChange(redirect_uris=()))
    assert await clients.show(before.client_id) == before


async def test_the_servers_nonce_policy_can_hold_again(clients: ClientManagement) -> None:
    own = (await clients.add(dataclasses.replace(WEB, dpop_nonce="required"))).client
    after = await clients.update(own.client_id, ClientChange(dpop_nonce="default"))
    assert (own.dpop_nonce, after.dpop_nonce) == ("required", None)


async def test_a_client_that_todays_rules_would_refuse_can_still_be_disabled(
    clients: ClientManagement, database: SqlDatabase
) -> None:
    bearer = Client("old", "Old", AuthMethod.CLIENT_SECRET_BASIC, dpop_bound_access_tokens=False)
    async with database.begin() as work:
        await work.clients.add(bearer)
        await work.commit()
    after = await clients.update("old", ClientChange(disabled=True))
    assert after.disabled


async def test_a_new_secret_replaces_the_old_one_at_once(clients: ClientManagement) -> None:
    added = await clients.add(WEB)
    rotated = await clients.rotate_secret(added.client.client_id)
    assert rotated.client_secret is not None
    assert rotated.client_secret != added.client_secret
    assert [each.hash for each in rotated.client.secrets] == [digest(rotated.client_secret)]


async def test_an_old_secret_works_on_for_the_overlap(
    clients: ClientManagement, clock: FrozenClock
) -> None:
    added = await clients.add(WEB)
    first = added.client.secrets[0].hash
    client_id = added.client.client_id
    once = (await clients.rotate_secret(client_id, overlap=600)).client
    assert [(each.hash, each.expires_at) for each in once.secrets[1:]] == [(first, NOW + 600)]
    clock.advance(60)
    twice = (await clients.rotate_secret(client_id, overlap=3600)).client
    assert twice.secrets[0].expires_at is None
    assert twice.secrets[1].expires_at == NOW + 60 + 3600
    assert twice.secrets[2].expires_at == NOW + 600
    clock.advance(600)
    thrice = (await clients.rotate_secret(client_id, overlap=3600)).client
    assert first not in {each.hash for each in thrice.secrets}


@pytest.mark.parametrize("overlap", [-1, MAX_OVERLAP + 1])
async def test_an_overlap_has_bounds(clients: ClientManagement, overlap: int) -> None:
    added = await clients.add(WEB)
    with pytest.raises(Refused) as refused:
        await clients.rotate_secret(added.client.client_id, overlap=overlap)
    assert refused.value.field == "overlap"


async def test_a_client_without_a_secret_gets_no_new_one(clients: ClientManagement) -> None:
    spa = (await clients.add(NewClient(ClientType.SPA, "A page", redirect_uris=CALLBACK))).client
    with pytest.raises(Refused, match="has none"):
        await clients.rotate_secret(spa.client_id)


async def test_deleting_a_client_takes_its_consents_along(
    clients: ClientManagement, database: SqlDatabase
) -> None:
    client_id = (await clients.add(WEB)).client.client_id
    async with database.begin() as work:
        await work.users.add(User("usr_1", "zoe@example.com", "Zoe", "no hash"))
        await work.consents.give(Consent("usr_1", client_id, frozenset({"read"})), NOW)
        await work.commit()
    await clients.delete(client_id)
    assert await clients.list() == []
    async with database.read() as work:
        assert await work.consents.find("usr_1", client_id) is None


async def test_an_unknown_client_is_named_in_the_refusal(clients: ClientManagement) -> None:
    acts = (
        clients.show("nobody"),
        clients.update("nobody", ClientChange(client_name="x")),
        clients.rotate_secret("nobody"),
        clients.delete("nobody"),
    )
    for act in acts:
        with pytest.raises(NotFound, match="'nobody'"):
            await act


async def test_every_change_leaves_its_audit_event(
    clients: ClientManagement, database: SqlDatabase
) -> None:
    client_id = (await clients.add(WEB)).client.client_id
    await clients.update(client_id, ClientChange(client_name="New", disabled=True))
    await clients.update(client_id, ClientChange(client_name="New"))
    await clients.rotate_secret(client_id, overlap=60)
    await clients.delete(client_id)
    events = await audit(database)
    assert [(each.kind, each.client_id) for each in events] == [
        (EventKind.CLIENT_CREATED, client_id),
        (EventKind.CLIENT_CHANGED, client_id),
        (EventKind.CLIENT_CHANGED, client_id),
        (EventKind.CLIENT_DELETED, client_id),
    ]
    assert {each.details["actor"] for each in events} == {ACTOR}
    assert events[1].details["changed"] == "client_name disabled"
    assert events[2].details["changed"] == "secrets"


async def test_two_changes_at_once_both_hold(clients: ClientManagement) -> None:
    client_id = (await clients.add(WEB)).client.client_id
    await asyncio.gather(
        clients.update(client_id, ClientChange(client_name="New")),
        clients.update(client_id, ClientChange(disabled=True)),
    )
    after = await clients.show(client_id)
    assert (after.client_name, after.disabled) == ("New", True)
