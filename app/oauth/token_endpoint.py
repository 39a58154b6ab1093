"""The token endpoint: the phases that every grant shares (RFC 6749 §3.2, RFC 9449 §5).

The order is the law. A proof is admitted only for a client that authenticated, and a challenge
consumes nothing: neither the proof's jti nor the assertion's, nor what the grant would consume.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..clock import Clock
from ..telemetry.audit import AuditEvent, AuditSink, EventKind
from . import authorization_details, resource, scope
from .client import Client, GrantType
from .client_auth import AuthenticatedClient, ClientAuthenticator
from .client_presented import Presented, read
from .details_endpoint import DetailsReader
from .errors import AuthorizationPending, UnauthorizedClient, UnsupportedGrantType
from .grants.grant import Authorization, Grant, GrantRequest, Issued
from .parameters import Parameters
from .ports import KeyBinding, ProofGate, Resources
from .resource import Target
from .token_response import TokenResponse


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request to the token endpoint.

    ``authorization`` and ``origin`` are the values of these header fields; ``address`` is where
    the request came from.
    """

    parameters: Parameters
    authorization: str | None
    address: str
    origin: str | None = None


@dataclass(slots=True)
class _Progress:
    """What is known of a request so far, for the audit log if it is refused.

    ``client_id`` is the one claimed, until the client is authenticated.
    """

    client_id: str | None = None
    jkt: str | None = None


class TokenEndpoint:
    """Answers token requests. ``uri`` is the endpoint's URL, built from the issuer."""

    def __init__(
        self,
        authenticator: ClientAuthenticator,
        grants: Sequence[Grant],
        resources: Resources,
        audit: AuditSink,
        clock: Clock,
        *,
        details: DetailsReader,
        uri: str,
        default_audience: str,
    ) -> None:
        self._authenticator = authenticator
        self._grants = {str(grant.grant_type): grant for grant in grants}
        self._resources = resources
        self._details = details
        self._audit = audit
        self._clock = clock
        self._uri = uri
        self._default_audience = default_audience

    @property
    def grant_types_supported(self) -> tuple[str, ...]:
        """For the metadata document (RFC 8414 §2)."""
        return tuple(self._grants)

    async def __call__(
        self, request: TokenRequest, open_gate: Callable[[], ProofGate]
    ) -> TokenResponse:
        """Answer, or raise OAuthError or the refusal of the proof.

        ``open_gate`` verifies the proof that the request came with, or raises its refusal: here,
        so that the audit log has it too.
        """
        progress = _Progress()
        try:
            presented = read(request.authorization, request.parameters)
            progress.client_id = presented.client_id
            authenticated, binding = await self._admit(request, presented, open_gate())
            progress.jkt = binding.jkt
            return await self._answer(request, authenticated.client, binding)
        except AuthorizationPending:
            # Of no news to anybody: a device asks every few seconds until its person answers.
            raise
        except Exception as refusal:
            self._audit.record(self._refused(request, progress, refusal))
            raise

    async def _admit(
        self, request: TokenRequest, presented: Presented, gate: ProofGate
    ) -> tuple[AuthenticatedClient, KeyBinding]:
        authenticated = await self._authenticator.authenticate(
            presented, endpoint=self._uri, address=request.address, origin=request.origin
        )
        binding = await gate.admit(authenticated.client, authenticated.keys)
        await self._authenticator.spend_assertion(authenticated)
        return authenticated, binding

    async def _answer(
        self, request: TokenRequest, client: Client, binding: KeyBinding
    ) -> TokenResponse:
        grant = self._grant_for(client, request.parameters)
        grant_request = GrantRequest(
            client=client,
            parameters=request.parameters,
            binding=binding,
            address=request.address,
            now=self._clock.now(),
        )
        authorization = await grant.authorize(grant_request)
        target = await self._aim(request.parameters, client, authorization)
        issued = await authorization.redeem(target)
        self._audit.record(_issued(grant_request, grant.grant_type, target, issued))
        return TokenResponse(
            access_token=issued.access_token.value,
            token_type=binding.token_type,
            expires_in=issued.access_token.expires_in,
            scope=scope.render(target.scopes) or None,
            refresh_token=issued.refresh_token,
            nonce=binding.nonce,
            issued_token_type=issued.issued_token_type,
            authorization_details=target.authorization_details,
        )

    def _grant_for(self, client: Client, parameters: Parameters) -> Grant:
        grant_type = parameters.require("grant_type")
        grant = self._grants.get(grant_type)
        # RFC 6749 §5.2: unsupported_grant_type: The authorization grant type is not supported by
        # the authorization server.
        if grant is None:
            raise UnsupportedGrantType(
                f"expected grant_type out of {', '.join(self._grants)}, received '{grant_type}'"
            )
        # RFC 6749 §5.2: unauthorized_client: The authenticated client is not authorized to use
        # this authorization grant type.
        if grant_type not in client.grant_types:
            raise UnauthorizedClient(
                f"this client is registered for {', '.join(sorted(client.grant_types)) or 'none'}, "
                f"not for {grant_type}"
            )
        return grant

    async def _aim(
        self, parameters: Parameters, client: Client, authorization: Authorization
    ) -> Target:
        details = await self._details.wanted(
            parameters.get("authorization_details"), authorization.authorization_details, client
        )
        scopes = scope.narrow(
            authorization.requested_scope, authorization.scopes, beside_details=details.is_new
        )
        asked = (*parameters.all("resource"), *authorization.requested_audiences)
        uris = resource.narrow(asked, authorization.resources) or details.resources
        found = [await self._resources.find(uri) for uri in uris]
        target = resource.aim(uris, found, scopes, default_audience=self._default_audience)
        return details.aimed(target)

    def _refused(
        self, request: TokenRequest, progress: _Progress, refusal: Exception
    ) -> AuditEvent:
        # A proof's refusal is not of this package; it says error and check as its errors do.
        check = getattr(refusal, "check", None)
        details = {
            "error": str(getattr(refusal, "error", "server_error")),
            "description": str(getattr(refusal, "description", ""))[:400],
            "grant_type": request.parameters.get("grant_type") or "",
        }
        return AuditEvent(
            at=self._clock.now(),
            kind=EventKind.REQUEST_REFUSED,
            client_id=progress.client_id,
            jkt=progress.jkt,
            check=None if check is None else str(check),
            address=request.address,
            details=details,
        )


def _issued(
    request: GrantRequest, grant_type: GrantType, target: Target, issued: Issued
) -> AuditEvent:
    return AuditEvent(
        at=request.now,
        kind=EventKind.TOKEN_ISSUED,
        client_id=request.client.client_id,
        user_id=issued.user_id,
        family_id=issued.family_id,
        jkt=request.binding.jkt,
        address=request.address,
        details={
            "grant_type": str(grant_type),
            "token_type": request.binding.token_type,
            "jti": issued.access_token.jti,
            "scope": scope.render(target.scopes),
            "audience": " ".join(target.audience),
            **authorization_details.as_told(target.authorization_details),
            **issued.details,
        },
    )
