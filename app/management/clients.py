"""Registering, changing and removing clients. Every change commits with its audit event."""

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..clock import Clock
from ..oauth.client import Client
from ..telemetry.audit import AuditEvent, EventKind
from . import client_rules, client_secrets, client_url
from .errors import NotFound, Refused
from .new_client import ClientChange, NewClient, changed_members
from .ports import Database, Work

# RFC 6749 §2.2 leaves the form to us: characters that need no encoding anywhere.
_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,63}")


@dataclass(frozen=True, slots=True)
class WithSecret:
    """A client and the secret just made for it, which cannot be shown again."""

    client: Client
    client_secret: str | None


class ClientManagement:
    """The clients of this server. ``actor`` is who the audit log names ("cli", a user id, …)."""

    def __init__(
        self, database: Database, clock: Clock, policy: client_rules.Policy, *, actor: str
    ) -> None:
        self._database = database
        self._clock = clock
        self._policy = policy
        self._actor = actor

    async def list(self) -> Sequence[Client]:
        """Return every client, disabled ones included."""
        async with self._database.read() as work:
            return await work.clients.list()

    async def show(self, client_id: str) -> Client:
        """Return one client. Raises NotFound."""
        async with self._database.read() as work:
            return _existing(await work.clients.find(client_id), client_id)

    async def add(self, new: NewClient) -> WithSecret:
        """Register a client. Raises Refused."""
        client_id = self._chosen_id(new.client_id)
        client = new.to_client(client_id, self._clock.now())
        client_rules.check(client, self._policy)
        client, secret = client_secrets.with_first_secret(client)
        async with self._database.begin() as work:
            await _check_registered(work, "resource_uris", client.resource_uris)
            await _check_details_types(work, client.authorization_details_types)
            if not await work.clients.add(client):
                raise Refused("client_id", f"'{client_id}' is taken; choose another")
            await self._note(work, EventKind.CLIENT_CREATED, client_id, type=new.type.value)
            await work.commit()
        return WithSecret(client, secret)

    async def update(self, client_id: str, change: ClientChange) -> Client:
        """Change a client. Raises NotFound, Refused."""
        async with self._database.begin() as work:
            before = _existing(await work.clients.lock(client_id), client_id)
            after = change.apply_to(before)
            changed = changed_members(before, after)
            if not changed:
                return before
            # Disabling must always work, also for a client that today's rules would not take.
            if changed != ("disabled",) or not after.disabled:
                client_rules.check(after, self._policy)
            for member in ("resource_uris", "exchange_audiences"):
                added = set(getattr(after, member)) - set(getattr(before, member))
                await _check_registered(work, member, added)
            await _check_details_types(
                work, after.authorization_details_types - before.authorization_details_types
            )
            await work.clients.replace(after)
            await self._note(work, EventKind.CLIENT_CHANGED, client_id, changed=" ".join(changed))
            await work.commit()
        return after

    async def rotate_secret(self, client_id: str, *, overlap: int = 0) -> WithSecret:
        """Make a new secret; the old one works for ``overlap`` more seconds."""
        async with self._database.begin() as work:
            before = _existing(await work.clients.lock(client_id), client_id)
            after, secret = client_secrets.with_next_secret(
                before, now=self._clock.now(), overlap=overlap
            )
            await work.clients.replace(after)
            await self._note(
                work, EventKind.CLIENT_CHANGED, client_id, changed="secrets", overlap=str(overlap)
            )
            await work.commit()
        return WithSecret(after, secret)

    async def delete(self, client_id: str) -> None:
        """Remove a client with its consents and tokens. Raises NotFound."""
        async with self._database.begin() as work:
            if not await work.clients.delete(client_id):
                raise _not_found(client_id)
            await self._note(work, EventKind.CLIENT_DELETED, client_id)
            await work.commit()

    async def block(self, client_id: str) -> Client:
        """Keep out the client at a URL, whether it is registered or not. Raises Refused.

        Until it is deleted: what is stored comes before what its document says.
        """
        client_url.check(client_id, http_on_loopback=self._policy.on_loopback)
        async with self._database.begin() as work:
            before = await work.clients.lock(client_id)
            if before is None:
                after = client_url.unnamed(client_id, disabled=True, created_at=self._clock.now())
                if not await work.clients.add(after):
                    raise Refused("client_id", f"'{client_id}' was stored just now; try again")
                await self._note(work, EventKind.CLIENT_CREATED, client_id, type="blocked")
            else:
                after = replace(before, disabled=True)
                await work.clients.replace(after)
                await self._note(work, EventKind.CLIENT_CHANGED, client_id, changed="disabled")
            await work.commit()
        return after

    def _chosen_id(self, client_id: str | None) -> str:
        if client_id is None:
            return random_client_id()
        # draft-ietf-oauth-client-id-metadata-document §6.10: An Authorization Server MAY
        # pre-register Client ID Metadata Document URLs.
        if client_url.is_url(client_id):
            client_url.check(client_id, http_on_loopback=self._policy.on_loopback)
        elif not _CLIENT_ID.fullmatch(client_id):
            raise Refused("client_id", "expected 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -")
        return client_id

    async def _note(self, work: Work, kind: EventKind, client_id: str, **details: str) -> None:
        await work.audit.add(
            AuditEvent(
                at=self._clock.now(),
                kind=kind,
                client_id=client_id,
                details={"actor": self._actor, **details},
            )
        )


def random_client_id() -> str:
    """Return a client_id that no client has."""
    return "client_" + secrets.token_hex(8)


async def _check_registered(work: Work, member: str, uris: Iterable[str]) -> None:
    for uri in uris:
        if await work.resources.find(uri) is None:
            raise Refused(member, f"there is no resource '{uri}'; see `holdfast resource list`")


async def _check_details_types(work: Work, names: Iterable[str]) -> None:
    for name in names:
        if await work.details_types.find(name) is None:
            raise Refused(
                "authorization_details_types",
                f"there is no type '{name}'; see `holdfast details-type list`",
            )


def _existing(client: Client | None, client_id: str) -> Client:
    if client is None:
        raise _not_found(client_id)
    return client


def _not_found(client_id: str) -> NotFound:
    return NotFound(
        "client_id", f"there is no client '{client_id}'; `holdfast client list` shows all"
    )
