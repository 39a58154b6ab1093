"""Clients that read, change and remove their own registration (RFC 7592)."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from ..clock import Clock
from ..credentials import Kind, digest, mint, same
from ..oauth.client import Client
from ..oauth.errors import (
    Forbidden,
    InvalidClientMetadata,
    InvalidRequest,
    InvalidToken,
    OAuthError,
)
from ..oauth.registration import Registration
from ..telemetry.audit import AuditEvent, AuditSink, EventKind
from ..tokens.registration import RegistrationSuccessors
from .client_secrets import has_secret, living, with_next_secret
from .new_client import changed_members
from .ports import Database, Work
from .registration import REALM, refused
from .registration_answer import Information
from .registration_rules import RegistrationRules

RETRY = 300
"""Seconds in which the same update with the same token gets the same answer again, lest an answer
that was lost lock the client out. For as long the secret before still works."""

# RFC 7592 §2.2: the client MUST NOT include these.
SERVERS_OWN = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)

_NOBODY = Registration("", digest("the registration access token of no client"), 0.0)


@dataclass(frozen=True, slots=True)
class ConfigurationRequest:
    """Who asks about which client: the registration access token that came, and where from."""

    client_id: str
    token: str | None
    address: str


class ClientConfiguration:
    """The client configuration endpoint. Every method raises OAuthError."""

    def __init__(
        self,
        database: Database,
        rules: RegistrationRules,
        successors: RegistrationSuccessors,
        audit: AuditSink,
        clock: Clock,
    ) -> None:
        self._database = database
        self._rules = rules
        self._successors = successors
        self._audit = audit
        self._clock = clock

    async def read(self, request: ConfigurationRequest) -> Information:
        """Return what is registered. The token stays as it is: no answer can be lost with it."""
        async with self._auditing(request):
            async with self._database.read() as work:
                client = await work.clients.find(request.client_id)
                registration = await work.registrations.find(request.client_id)
            client, registration = _admitted(client, registration, request)
            if registration.previous_hash is not None:
                await self._settle(request)
            return Information(client, request.token or "")

    async def update(
        self, request: ConfigurationRequest, members: Mapping[str, Any]
    ) -> Information:
        """Put this metadata in the place of what is registered, and change the token."""
        async with self._auditing(request), self._database.begin() as work:
            # Of two updates with one token the second waits here, and finds another token.
            client = await work.clients.lock(request.client_id)
            registration = await work.registrations.find(request.client_id)
            if again := self._again(client, registration, request, members):
                return again
            client, registration = _admitted(client, registration, request)
            return await self._update(work, client, registration, request.token or "", members)

    async def delete(self, request: ConfigurationRequest) -> None:
        """Remove the client, its consents and its tokens."""
        async with self._auditing(request), self._database.begin() as work:
            client = await work.clients.lock(request.client_id)
            registration = await work.registrations.find(request.client_id)
            _admitted(client, registration, request)
            # RFC 7592 §2.3: the authorization server SHOULD immediately invalidate all existing
            # authorization grants and currently active access tokens, [...] refresh tokens, and
            # other tokens associated with this client.
            await work.clients.delete(request.client_id)
            await self._note(work, EventKind.CLIENT_DELETED, request.client_id)
            await work.commit()

    async def _settle(self, request: ConfigurationRequest) -> None:
        """Remember that the token has arrived: nobody has to ask for it again."""
        async with self._database.begin() as work:
            client = await work.clients.lock(request.client_id)
            found = await work.registrations.find(request.client_id)
            _, registration = _admitted(client, found, request)
            await work.registrations.replace(_settled(registration))
            await work.commit()

    async def _update(
        self,
        work: Work,
        before: Client,
        registration: Registration,
        token: str,
        members: Mapping[str, Any],
    ) -> Information:
        _check_members(before.client_id, members)
        now, salt = self._clock.now(), digest(mint(Kind.REGISTRATION_TOKEN))
        after = self._rules.client(
            members, before, scopes=before.scopes, grant_types=before.grant_types, now=now
        )
        _check_kind(before, after)
        after, secret = self._with_secret(before, after, members, token, salt)
        changed = changed_members(before, after)
        if set(changed) - {"secrets"}:
            # Whatever an administrator once looked at is no longer what is there.
            after = replace(after, unverified=True)
        next_token = self._successors.token(token, salt)
        await work.clients.replace(after)
        await work.registrations.replace(
            replace(
                registration,
                token_hash=digest(next_token),
                previous_hash=digest(token),
                request_hash=_request_hash(members),
                salt=salt,
                rotated_at=now,
            )
        )
        await self._note(
            work,
            EventKind.CLIENT_CHANGED,
            before.client_id,
            changed=" ".join((*changed, "registration_access_token")),
        )
        await work.commit()
        return Information(after, next_token, secret)

    def _with_secret(
        self, before: Client, after: Client, members: Mapping[str, Any], token: str, salt: str
    ) -> tuple[Client, str | None]:
        now, presented = self._clock.now(), members.get("client_secret")
        # RFC 7592 §2.2: If the client includes the "client_secret" field in the request, the value
        # of this field MUST match the currently issued client secret for that client.
        if presented is not None and not _is_secret_of(before, presented, now):
            raise InvalidClientMetadata(
                "client_secret is not a secret of this client; leave it out to get a new one"
            )
        if not has_secret(after):
            return replace(after, secrets=()), None
        if presented is not None:
            return after, presented
        value = self._successors.client_secret(token, salt)
        return with_next_secret(after, now=now, overlap=RETRY, value=value)

    def _again(
        self,
        client: Client | None,
        registration: Registration | None,
        request: ConfigurationRequest,
        members: Mapping[str, Any],
    ) -> Information | None:
        """Answer the repetition of the last update as it was answered, if this is one."""
        if client is None or registration is None or client.disabled:
            return None
        if not _is_repeated(registration, request, members, self._clock.now()):
            return None
        presented, salt = request.token or "", registration.salt or ""
        token = self._successors.token_again(presented, salt, registration.token_hash)
        if token is None:
            return None
        secret = members.get("client_secret")
        if secret is None and client.secrets:
            newest = client.secrets[0].hash
            secret = self._successors.client_secret_again(presented, salt, newest)
        return Information(client, token, secret if client.secrets else None)

    @asynccontextmanager
    async def _auditing(self, request: ConfigurationRequest) -> AsyncIterator[None]:
        try:
            yield
        except OAuthError as refusal:
            self._audit.record(
                refused(
                    refusal,
                    at=self._clock.now(),
                    address=request.address,
                    client_id=request.client_id,
                )
            )
            raise

    async def _note(self, work: Work, kind: EventKind, client_id: str, **details: str) -> None:
        await work.audit.add(
            AuditEvent(
                at=self._clock.now(),
                kind=kind,
                client_id=client_id,
                details={"actor": "the client itself", **details},
            )
        )


def _admitted(
    client: Client | None, registration: Registration | None, request: ConfigurationRequest
) -> tuple[Client, Registration]:
    presented = digest(request.token or "")
    is_right = same(presented, (registration or _NOBODY).token_hash)
    # RFC 7592 §2.1: If the client does not exist on this server, the server MUST respond with an
    # HTTP 401 Unauthorized status code. It reads like a wrong token, and tells nobody which.
    if not is_right or client is None or registration is None:
        raise InvalidToken(
            "expected the client's registration access token, 'Authorization: Bearer hf_rat_...', "
            "the one that came with the last update; or there is no such client"
            if request.token is not None
            else "expected 'Authorization: Bearer hf_rat_...', the registration access token",
            realm=REALM,
            presented=request.token is not None,
        )
    # RFC 7592 §2.1: If the client does not have permission to read its record, the server MUST
    # return an HTTP 403 Forbidden.
    if client.disabled:
        raise Forbidden("an administrator has disabled this client")
    return client, registration


def _is_repeated(
    registration: Registration,
    request: ConfigurationRequest,
    members: Mapping[str, Any],
    now: float,
) -> bool:
    if registration.previous_hash is None or registration.rotated_at is None:
        return False
    return (
        same(digest(request.token or ""), registration.previous_hash)
        and _request_hash(members) == registration.request_hash
        and now <= registration.rotated_at + RETRY
    )


def _settled(registration: Registration) -> Registration:
    return replace(registration, previous_hash=None, request_hash=None, salt=None, rotated_at=None)


def _request_hash(members: Mapping[str, Any]) -> str:
    return digest(json.dumps(members, sort_keys=True))


def _check_members(client_id: str, members: Mapping[str, Any]) -> None:
    for name in SERVERS_OWN:
        # RFC 7592 §2.2: The updated client metadata fields request MUST NOT include these.
        if name in members:
            raise InvalidRequest(f"an update must not include {name}; leave it out")
    # RFC 7592 §2.2: The client MUST include its "client_id" field in the request, and it MUST be
    # the same as its currently issued client identifier.
    if members.get("client_id") != client_id:
        raise InvalidRequest(f"expected client_id '{client_id}' among the metadata")


def _check_kind(before: Client, after: Client) -> None:
    # RFC 9449 §5: refresh tokens of public clients are bound to a key, others to the client: what
    # was issued to one kind must not come into the hands of the other.
    if before.is_public != after.is_public:
        raise InvalidClientMetadata(
            "token_endpoint_auth_method: a client stays public or confidential, as it was "
            f"registered with {before.auth_method}; register another one"
        )


def _is_secret_of(client: Client, presented: object, now: float) -> bool:
    if not isinstance(presented, str):
        return False
    hashed = digest(presented)
    return any(same(each.hash, hashed) for each in living(client, now))
