"""What a person allowed, and taking it back."""

from app.accounts.permissions import Permissions
from app.credentials import digest
from app.oauth.client import AuthMethod, Client
from app.oauth.ports import Consent
from app.oauth.token_family import Status, TokenFamily, family_id_of
from app.telemetry.audit import EventKind

from .conftest import Accounts


def a_family(user_id: str, client_id: str) -> TokenFamily:
    code_hash = digest(f"{user_id} {client_id}")
    return TokenFamily(
        family_id=family_id_of(code_hash),
        client_id=client_id,
        user_id=user_id,
        scopes=frozenset(),
        resources=(),
        jkt=None,
        auth_time=0,
        created_at=0,
        expires_at=2_000_000_000,
        code_hash=code_hash,
    )


async def prepare(accounts: Accounts) -> Permissions:
    async with accounts.database.begin() as work:
        client = Client(client_id="c1", client_name="Zebra", auth_method=AuthMethod.NONE)
        await work.clients.add(client)
        await work.consents.give(Consent("ada", "c1", frozenset({"read"})), 0)
        await work.consents.give(Consent("ada", "c2", frozenset()), 0)
        for family in (a_family("ada", "c1"), a_family("ada", "c2"), a_family("bob", "c1")):
            await work.families.add(family)
        await work.commit()
    return Permissions(
        database=accounts.database, clients=accounts.database.clients, clock=accounts.clock
    )


async def status(accounts: Accounts, user_id: str, client_id: str) -> Status:
    async with accounts.database.read() as work:
        found = await work.families.find(a_family(user_id, client_id).family_id)
    assert found is not None
    return found.status


async def test_permissions_are_listed_by_client_name(accounts: Accounts) -> None:
    permissions = await prepare(accounts)
    listed = await permissions.list("ada")
    assert [each.client_name for each in listed] == ["c2", "Zebra"]
    assert listed[1].consent.scopes == {"read"}
    assert await permissions.list("bob") == []


async def test_taking_a_permission_back_revokes_its_tokens_and_no_others(
    accounts: Accounts,
) -> None:
    permissions = await prepare(accounts)
    assert await permissions.revoke("ada", "c1", address="192.0.2.1")
    assert [each.client_name for each in await permissions.list("ada")] == ["c2"]
    assert await status(accounts, "ada", "c1") is Status.REVOKED
    assert await status(accounts, "ada", "c2") is Status.ACTIVE
    assert await status(accounts, "bob", "c1") is Status.ACTIVE
    async with accounts.database.read() as work:
        event = (await work.audit.newest(1))[0]
    assert (event.kind, event.client_id, event.user_id) == (EventKind.CONSENT_REVOKED, "c1", "ada")


async def test_taking_back_what_was_not_given_does_nothing(accounts: Accounts) -> None:
    permissions = await prepare(accounts)
    assert not await permissions.revoke("ada", "unknown", address="192.0.2.1")
    assert not await permissions.revoke("bob", "c1", address="192.0.2.1")
    assert await status(accounts, "bob", "c1") is Status.ACTIVE
