"""The revocation endpoint (RFC 7009).

The forms of our tokens tell them apart, so token_type_hint is ignored (RFC 7009 §2.1).
"""

from collections.abc import Callable

from ..credentials import digest
from ..telemetry.audit import AuditEvent, EventKind
from .access_token import AccessToken
from .client_endpoint import Caller, ClientDoor, ClientRequest
from .ports import AccessTokenVerifier, Database, ProofGate


class RevocationEndpoint:
    """Revokes tokens for the client that they were issued to."""

    def __init__(self, door: ClientDoor, verifier: AccessTokenVerifier, database: Database) -> None:
        self._door = door
        self._verifier = verifier
        self._database = database

    @property
    def auth_methods_supported(self) -> tuple[str, ...]:
        """For the metadata document (RFC 8414 §2)."""
        return self._door.methods

    async def __call__(
        self, request: ClientRequest, open_gate: Callable[[], ProofGate | None]
    ) -> Caller:
        """Revoke the token, if it is one and the caller's. Raises OAuthError."""
        return await self._door.answer(request, open_gate, self._answer)

    async def _answer(self, caller: Caller) -> Caller:
        value = caller.request.parameters.require("token")
        token = self._verifier.verify(value)
        if token is None:
            await self._revoke_family(value, caller)
        # RFC 7009 §2.1: The authorization server [...] verifies whether the token was issued to
        # the client making the revocation request. The answer is the same: it tells nobody which
        # tokens others have.
        elif token.client_id == caller.client.client_id:
            await self._revoke_access_token(token, caller)
        # RFC 7009 §2.2: invalid tokens do not cause an error response.
        return caller

    async def _revoke_access_token(self, token: AccessToken, caller: Caller) -> None:
        async with self._database.begin() as unit:
            if not await unit.revoked_tokens.add(token.jti, token.expires_at, caller.now):
                return
            await unit.audit.add(
                AuditEvent(
                    at=caller.now,
                    kind=EventKind.TOKEN_REVOKED,
                    client_id=token.client_id,
                    user_id=None if token.family_id is None else token.subject,
                    family_id=token.family_id,
                    jkt=token.jkt,
                    address=caller.request.address,
                    details={"jti": token.jti},
                )
            )
            await unit.commit()

    async def _revoke_family(self, value: str, caller: Caller) -> None:
        async with self._database.read() as unit:
            found = await unit.refresh_tokens.find(digest(value))
        if found is None or found[1].client_id != caller.client.client_id:
            return
        family = found[1]
        # RFC 7009 §2.1: If the particular token is a refresh token and the authorization server
        # supports the revocation of access tokens, then the authorization server SHOULD also
        # invalidate all access tokens based on the same authorization grant.
        async with self._database.begin() as unit:
            if not await unit.families.revoke(family.family_id):
                return
            await unit.audit.add(
                AuditEvent(
                    at=caller.now,
                    kind=EventKind.FAMILY_REVOKED,
                    client_id=family.client_id,
                    user_id=family.user_id,
                    family_id=family.family_id,
                    jkt=caller.jkt,
                    address=caller.request.address,
                    details={"by": "client"},
                )
            )
            await unit.commit()
