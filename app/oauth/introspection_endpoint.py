"""The introspection endpoint (RFC 7662, RFC 9701): whether a token is good, for those it concerns.

The forms of our tokens tell them apart, so token_type_hint is ignored (RFC 7662 §2.1).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..credentials import digest
from . import introspection
from .access_token import AccessToken
from .authorization_details import Details
from .client_endpoint import Caller, ClientDoor, ClientRequest
from .details_endpoint import DetailsReader
from .grants.liveness import Liveness
from .introspection import INACTIVE
from .ports import AccessTokenVerifier, Database, ProofGate, Resources, Users
from .token_family import Status


@dataclass(frozen=True, slots=True)
class Introspected:
    """An answer. ``audience`` is the client_id of the caller, for a signed one (RFC 9701 §5)."""

    members: Mapping[str, Any]
    audience: str
    nonce: str | None = None


class IntrospectionEndpoint:
    """Answers confidential clients about their own tokens and those for their resources."""

    def __init__(
        self,
        door: ClientDoor,
        verifier: AccessTokenVerifier,
        database: Database,
        *,
        liveness: Liveness,
        users: Users,
        resources: Resources,
        details: DetailsReader,
        issuer: str,
    ) -> None:
        self._door = door
        self._verifier = verifier
        self._database = database
        self._liveness = liveness
        self._users = users
        self._resources = resources
        self._details = details
        self._issuer = issuer

    @property
    def auth_methods_supported(self) -> tuple[str, ...]:
        """For the metadata document (RFC 8414 §2)."""
        return self._door.methods

    async def __call__(
        self, request: ClientRequest, open_gate: Callable[[], ProofGate | None]
    ) -> Introspected:
        """Answer, or raise OAuthError or the refusal of the proof."""
        return await self._door.answer(request, open_gate, self._answer)

    async def _answer(self, caller: Caller) -> Introspected:
        value = caller.request.parameters.require("token")
        token = self._verifier.verify(value)
        if token is None:
            members = await self._of_refresh_token(value, caller)
        else:
            members = await self._of_access_token(token, caller)
        # RFC 7662 §2.2: the authorization server [...] SHOULD NOT include any additional
        # information about an inactive token, including why the token is inactive.
        return Introspected(members or INACTIVE, caller.client.client_id, caller.nonce)

    async def _of_access_token(self, token: AccessToken, caller: Caller) -> dict[str, Any] | None:
        # Looked up whoever asks: how long the answer takes must not tell others what it hides.
        is_good = await self._liveness.is_alive(token)
        # RFC 7662 §4: the authorization server SHOULD determine whether or not the token can be
        # used at the protected resource making the introspection call.
        if not introspection.may_see(caller.client, token) or not is_good:
            return None
        scopes = await self._visible_scopes(token, caller)
        return introspection.of_access_token(
            token, scopes, await self._visible_details(token, caller)
        )

    async def _visible_scopes(self, token: AccessToken, caller: Caller) -> frozenset[str]:
        if token.client_id == caller.client.client_id:
            return token.scopes
        uris = introspection.own_resources(caller.client, token)
        return introspection.visible_scopes(
            token, [await self._resources.find(uri) for uri in uris]
        )

    async def _visible_details(self, token: AccessToken, caller: Caller) -> Details:
        if token.client_id == caller.client.client_id:
            return token.authorization_details
        uris = introspection.own_resources(caller.client, token)
        return await self._details.for_audience(token.authorization_details, uris)

    async def _of_refresh_token(self, value: str, caller: Caller) -> dict[str, Any] | None:
        async with self._database.read() as unit:
            found = await unit.refresh_tokens.find(digest(value))
        # RFC 6749 §6: the refresh token is bound to the client to which it was issued.
        if found is None or found[1].client_id != caller.client.client_id:
            return None
        token, family = found
        is_alive = token.status is Status.ACTIVE and family.status is Status.ACTIVE
        is_over = min(token.expires_at, family.expires_at) <= caller.now
        if not is_alive or is_over or not await self._users.is_active(family.user_id):
            return None
        return introspection.of_refresh_token(token, family, self._issuer)
