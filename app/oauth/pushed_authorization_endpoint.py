"""The pushed authorization request endpoint (RFC 9126 §2, RFC 9449 §10.1).

The phases and their order are the token endpoint's: the client authenticates, its proof, if it sent
one, is admitted, its assertion is spent. Only then the request itself is looked at.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ..clock import Clock
from ..telemetry.audit import AuditEvent, AuditSink, EventKind
from . import authorization, delivery, interaction, par, request_object
from .authorization_request_endpoint import RequestChecks
from .client import Client
from .client_auth import ClientAuthenticator
from .client_presented import Presented, read
from .dpop_jkt import agreed
from .errors import InvalidRequest
from .interaction import Pairs
from .par import PushedRequest, PushedResponse
from .parameters import Parameters
from .ports import KeyBinding, ProofGate, PushedRequests


@dataclass(frozen=True, slots=True)
class PushRequest:
    """A request to the endpoint.

    ``authorization`` and ``origin`` are the values of these header fields; ``address`` is where
    the request came from.
    """

    parameters: Parameters
    authorization: str | None
    address: str
    origin: str | None = None


class PushedAuthorizationEndpoint:
    """Takes authorization requests that clients push.

    ``uri`` is the endpoint's URL and ``token_uri`` the token endpoint's, built from the issuer.
    ``lifetime``: the seconds within which a browser must open the request.
    """

    def __init__(
        self,
        authenticator: ClientAuthenticator,
        checks: RequestChecks,
        pushed_requests: PushedRequests,
        audit: AuditSink,
        clock: Clock,
        *,
        issuer: str,
        uri: str,
        token_uri: str,
        lifetime: int,
    ) -> None:
        self._authenticator = authenticator
        self._checks = checks
        self._pushed_requests = pushed_requests
        self._audit = audit
        self._clock = clock
        self._issuer = issuer
        self._uri = uri
        self._token_uri = token_uri
        self._lifetime = lifetime

    async def __call__(
        self, request: PushRequest, open_gate: Callable[[], ProofGate | None]
    ) -> PushedResponse:
        """Answer, or raise OAuthError or the refusal of the proof.

        ``open_gate`` verifies the proof that the request came with, or raises its refusal; None if
        there is no proof.
        """
        client_id = None
        try:
            presented = read(request.authorization, request.parameters)
            client_id = presented.client_id
            client, binding = await self._admit(request, presented, open_gate())
            asked = await self._asked(request.parameters, client)
            return await self._keep(client, asked, binding)
        except Exception as refusal:
            self._audit.record(self._refused(request, client_id, refusal))
            raise

    async def _admit(
        self, request: PushRequest, presented: Presented, gate: ProofGate | None
    ) -> tuple[Client, KeyBinding | None]:
        # RFC 9126 §2.1: 1. Authenticate the client in the same way as at the token endpoint.
        # §2: MUST accept its issuer identifier URL, token endpoint URL, or pushed authorization
        # request endpoint URL as values that identify it as an intended audience.
        authenticated = await self._authenticator.authenticate(
            presented,
            endpoint=self._uri,
            also=(self._token_uri,),
            address=request.address,
            origin=request.origin,
        )
        # RFC 9449 §10.1: the DPoP header is checked as at the token endpoint; it is no must.
        binding = await gate.admit(authenticated.client, authenticated.keys) if gate else None
        await self._authenticator.spend_assertion(authenticated)
        return authenticated.client, binding

    async def _asked(self, parameters: Parameters, client: Client) -> Pairs:
        """Return the parameters of the authorization request, however they were written."""
        # RFC 9126 §2.1: 2. Reject the request if the request_uri authorization request parameter
        # is provided.
        if parameters.get("request_uri") is not None:
            raise InvalidRequest("request_uri cannot be pushed: send the parameters themselves")
        value = parameters.get("request")
        if value is None:
            delivery.check_signed(client)
            return _of_client(client, parameters.pairs())
        # RFC 9126 §3: the authorization server MUST validate the request object, and its client_id
        # MUST be that of the authenticated client. Only the parameters inside of it count.
        signed = await self._checks.signed(value, client)
        now = self._clock.now()
        request_object.check_claims(signed, client.client_id, issuer=self._issuer, now=now)
        return _of_client(client, request_object.parameters_of(signed))

    async def _keep(
        self, client: Client, asked: Pairs, binding: KeyBinding | None
    ) -> PushedResponse:
        # RFC 9126 §2.1: 3. Validate the pushed request as it would an authorization request sent
        # to the authorization endpoint.
        where = authorization.telling_where(asked)
        checked = await self._checks(asked, authorization.return_address(client, where))
        kept = interaction.travelling(asked)
        named = checked.request.dpop_jkt
        jkt = agreed(named, binding.jkt if binding is not None else None)
        if jkt is not None and named is None:
            kept.append(("dpop_jkt", jkt))
        request_uri = par.new_request_uri()
        expires_at = self._clock.now() + self._lifetime
        await self._pushed_requests.put(
            par.key_of(request_uri), PushedRequest(client.client_id, tuple(kept), expires_at)
        )
        nonce = binding.nonce if binding is not None else None
        return PushedResponse(request_uri, self._lifetime, nonce)

    def _refused(
        self, request: PushRequest, client_id: str | None, refusal: Exception
    ) -> AuditEvent:
        # A proof's refusal is not of this package; it says error and check as its errors do.
        check = getattr(refusal, "check", None)
        return AuditEvent(
            at=self._clock.now(),
            kind=EventKind.REQUEST_REFUSED,
            client_id=client_id,
            check=None if check is None else str(check),
            address=request.address,
            details={
                "endpoint": "par",
                "error": str(getattr(refusal, "error", "server_error")),
                "description": str(getattr(refusal, "description", ""))[:400],
            },
        )


def _of_client(client: Client, pairs: Pairs) -> Pairs:
    others = [pair for pair in pairs if pair[0] != "client_id"]
    return [("client_id", client.client_id), *others]
