"""What the endpoints share that a client calls about a token: /revoke and /introspect.

The phases are those of the token endpoint, in its order; but a proof is no must here.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

from ..clock import Clock
from ..telemetry.audit import AuditEvent, AuditSink, EventKind
from .client import AuthMethod, Client
from .client_auth import ClientAuthenticator
from .client_presented import Presented, read
from .errors import InvalidClient
from .parameters import Parameters
from .ports import ProofGate

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """A request that a client authenticates.

    ``authorization`` and ``origin`` are the values of these header fields; ``address`` is where
    the request came from.
    """

    parameters: Parameters
    authorization: str | None
    address: str
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated client and its request.

    ``jkt`` and ``nonce`` are of the proof, if there was one; ``now`` in POSIX seconds.
    """

    client: Client
    request: ClientRequest
    now: float
    jkt: str | None = None
    nonce: str | None = None


class ClientDoor:
    """Lets clients in. ``uri`` is the endpoint's URL; ``methods`` those it takes."""

    def __init__(
        self,
        authenticator: ClientAuthenticator,
        audit: AuditSink,
        clock: Clock,
        *,
        uri: str,
        methods: Collection[AuthMethod],
    ) -> None:
        self._authenticator = authenticator
        self._audit = audit
        self._clock = clock
        self._uri = uri
        self.methods = tuple(methods)

    async def answer(
        self,
        request: ClientRequest,
        open_gate: Callable[[], ProofGate | None],
        answer: Callable[[Caller], Awaitable[T]],
    ) -> T:
        """Let the client in and answer it, or raise OAuthError or the refusal of the proof.

        ``open_gate`` verifies the proof that the request came with, or raises its refusal; it
        returns None where there was no proof.
        """
        presented: Presented | None = None
        try:
            presented = read(request.authorization, request.parameters)
            return await answer(await self._admit(request, presented, open_gate))
        except Exception as refusal:
            self._audit.record(self._refused(request, presented, refusal))
            raise

    async def _admit(
        self,
        request: ClientRequest,
        presented: Presented,
        open_gate: Callable[[], ProofGate | None],
    ) -> Caller:
        # RFC 7662 §2.1: the authorization server MUST also require some form of authorization to
        # access this endpoint. Whoever only names itself has none.
        if presented.method not in self.methods:
            raise InvalidClient("this endpoint is for clients that authenticate; this one did not")
        authenticated = await self._authenticator.authenticate(
            presented, endpoint=self._uri, address=request.address, origin=request.origin
        )
        gate, client = open_gate(), authenticated.client
        binding = None if gate is None else await gate.admit(client, authenticated.keys)
        await self._authenticator.spend_assertion(authenticated)
        now = self._clock.now()
        if binding is None:
            return Caller(client, request, now)
        return Caller(client, request, now, binding.jkt, binding.nonce)

    def _refused(
        self, request: ClientRequest, presented: Presented | None, refusal: Exception
    ) -> AuditEvent:
        # A proof's refusal is not of this package; it says error and check as its errors do.
        check = getattr(refusal, "check", None)
        return AuditEvent(
            at=self._clock.now(),
            kind=EventKind.REQUEST_REFUSED,
            client_id=presented.client_id if presented else None,
            check=None if check is None else str(check),
            address=request.address,
            details={
                "error": str(getattr(refusal, "error", "server_error")),
                "description": str(getattr(refusal, "description", ""))[:400],
                "endpoint": self._uri,
            },
        )
