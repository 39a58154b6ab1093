"""Clients that register themselves (RFC 7591)."""

from collections.abc import Mapping
from typing import Any

from ..clock import Clock
from ..credentials import Kind, digest, mint
from ..oauth.client import AuthMethod, Client
from ..oauth.errors import InvalidToken, OAuthError, TemporarilyUnavailable, TooManyAttempts
from ..oauth.ports import Attempts
from ..oauth.registration import InitialToken, Registration
from ..telemetry.audit import AuditEvent, AuditSink, EventKind
from .client_secrets import with_first_secret
from .clients import random_client_id
from .ports import Database, Work
from .registration_answer import Information
from .registration_rules import RegistrationRules

REALM = "register"

UNUSED = 24 * 3600
"""Seconds after which an open registration makes room if nobody ever allowed the client a thing."""


class ClientRegistration:
    """Registers clients.

    ``is_open``: anybody may, as often as ``attempts`` allows one address, until there are ``limit``
    such clients. Otherwise, and beyond that, only who has an initial access token.
    """

    def __init__(
        self,
        database: Database,
        rules: RegistrationRules,
        attempts: Attempts,
        audit: AuditSink,
        clock: Clock,
        *,
        is_open: bool,
        limit: int,
    ) -> None:
        self._database = database
        self._rules = rules
        self._attempts = attempts
        self._audit = audit
        self._clock = clock
        self._is_open = is_open
        self._limit = limit

    async def register(
        self, members: Mapping[str, Any], credential: str | None, address: str
    ) -> Information:
        """Register the client that the members describe. Raises OAuthError.

        ``credential`` is the initial access token that came, ``address`` where from.
        """
        try:
            return await self._register(members, credential, address)
        except OAuthError as refusal:
            self._audit.record(
                refused(refusal, at=self._clock.now(), address=address, client_id=None)
            )
            raise

    async def _register(
        self, members: Mapping[str, Any], credential: str | None, address: str
    ) -> Information:
        now = self._clock.now()
        initial = await self._admitted(credential, now)
        client_id = random_client_id()
        client = self._rules.client(
            members,
            Client(client_id, client_id, AuthMethod.NONE, unverified=True, created_at=now),
            scopes=initial.scopes if initial else frozenset(),
            grant_types=initial.grant_types if initial else frozenset(),
            now=now,
        )
        client, secret = with_first_secret(client)
        if initial is None:
            await self._count(address)
        token = mint(Kind.REGISTRATION_TOKEN)
        initial_id = initial.token_id if initial else None
        async with self._database.begin() as work:
            await self._make_room(work, initial, now)
            if not await work.clients.add(client):
                raise TemporarilyUnavailable("the client_id that was drawn is taken: try again")
            await work.registrations.add(Registration(client_id, digest(token), now, initial_id))
            await work.audit.add(_created(client, initial_id, address))
            await work.commit()
        return Information(client, token, secret)

    async def _admitted(self, credential: str | None, now: float) -> InitialToken | None:
        if credential is None:
            # RFC 7591 §3: the client registration endpoint MAY be an OAuth 2.0 protected resource
            # that accepts an initial access token.
            if not self._is_open:
                raise InvalidToken(
                    "expected an initial access token (RFC 7591 §1.2): 'Authorization: Bearer "
                    "hf_it_...', which an administrator of this server gives out",
                    realm=REALM,
                    presented=False,
                )
            return None
        async with self._database.read() as work:
            initial = await work.initial_tokens.find(digest(credential))
        if initial is None or not initial.is_live(now):
            raise _wrong()
        return initial

    async def _count(self, address: str) -> None:
        wait = await self._attempts.count("registration:" + digest(address))
        # RFC 7591 §5: the authorization server MAY limit the rate or take other measures to prevent
        # denial-of-service attacks.
        if wait:
            raise TooManyAttempts(
                f"too many clients were registered from this address; wait {wait} s",
                retry_after=wait,
            )

    async def _make_room(self, work: Work, initial: InitialToken | None, now: float) -> None:
        if initial is not None:
            # Counted with the client, so that a refused request uses nothing up.
            if not await work.initial_tokens.spend(initial.token_id, now):
                raise _wrong()
            return
        if await work.registrations.count_open() < self._limit:
            return
        forgotten = await work.registrations.forget_unused(now - UNUSED)
        if not forgotten:
            raise TooManyAttempts(
                "this server has as many clients that registered themselves as it takes; ask its "
                "administrator for an initial access token",
                retry_after=3600,
            )
        details = {"actor": "registration", "unused": str(forgotten)}
        await work.audit.add(AuditEvent(at=now, kind=EventKind.CLIENT_DELETED, details=details))


def refused(refusal: OAuthError, *, at: float, address: str, client_id: str | None) -> AuditEvent:
    """Describe a request about a registration that was refused."""
    return AuditEvent(
        at=at,
        kind=EventKind.REQUEST_REFUSED,
        client_id=client_id and client_id[:200],
        address=address,
        details={
            "error": refusal.error,
            "description": refusal.description[:400],
            "endpoint": REALM,
        },
    )


def _created(client: Client, initial: str | None, address: str) -> AuditEvent:
    return AuditEvent(
        at=client.created_at,
        kind=EventKind.CLIENT_CREATED,
        client_id=client.client_id,
        address=address,
        details={"actor": initial or "anybody", "type": "self-registered"},
    )


def _wrong() -> InvalidToken:
    return InvalidToken(
        "the initial access token is unknown, revoked, expired or used up",
        realm=REALM,
        presented=True,
    )
