"""The guard of one resource: from a method, a target and header fields to who may pass."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NoReturn

from ..clock import Clock
from ..dpop import proof
from ..dpop.access_token import check_ath, check_jkt
from ..dpop.admission import Admission
from ..dpop.algorithms import ALGORITHMS
from ..dpop.errors import ProofRefused
from ..dpop.uri import normalise
from ..oauth.errors import TemporarilyUnavailable
from . import presented
from .presented import Headers, Presented
from .principal import Principal
from .reasons import InvalidToken, Reason
from .refusal import Challenger, unavailable
from .requirement import ANY, Requirement
from .tokens import Tokens


@dataclass(frozen=True, slots=True)
class Admitted:
    """The request may pass. ``headers`` go with a successful answer: a DPoP-Nonce, or none."""

    principal: Principal
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Holder:
    """Whoever holds a token, as admission reads it."""

    client_id: str
    dpop_nonce: None = None
    dpop_bound_access_tokens: bool = True


class Guard:
    """Verifies requests to one resource. Cheap to make: resources may share all but their names.

    ``base_url``: the public URL before the path that ``check`` is given, as clients write it; the
    Host header is never believed. ``audience``: what a token's aud must name, one of these.
    ``algs``: of proofs. ``allow_bearer``: take tokens bound to no key too, and only those, by the
    scheme Bearer. ``resource_metadata``, ``error_pages``: see ``Challenger``.
    Raises ValueError for a base URL that is none.
    """

    def __init__(
        self,
        tokens: Tokens,
        admission: Admission,
        clock: Clock,
        *,
        base_url: str,
        audience: str | Collection[str],
        algs: Collection[str] = tuple(ALGORITHMS),
        allow_bearer: bool = False,
        resource_metadata: str | None = None,
        error_pages: str | None = None,
    ) -> None:
        self._tokens = tokens
        self._admission = admission
        self._clock = clock
        self._base_url = _checked(base_url)
        self._audience = frozenset([audience] if isinstance(audience, str) else audience)
        self._algs = frozenset(algs)
        self._allow_bearer = allow_bearer
        self._challenger = Challenger(
            algs=tuple(algs),
            allow_bearer=allow_bearer,
            resource_metadata=resource_metadata,
            error_pages=error_pages,
        )

    async def check(
        self, method: str, target: str, headers: Headers, requirement: Requirement = ANY
    ) -> Admitted:
        """Authenticate the request and see that it may do what it asks for. Raises Refusal.

        ``target``: the path as it was sent, still percent-encoded, with the query. ``headers``: as
        pairs, one a field line, so that repeated ones are seen. Call once a request: a proof is
        good for one.
        """
        admitted = await self.authenticate(method, target, headers)
        self.authorize(admitted.principal, requirement)
        return admitted

    async def authenticate(self, method: str, target: str, headers: Headers) -> Admitted:
        """Find out who makes the request. Raises Refusal. Call once a request."""
        sent: Presented | None = None
        try:
            sent = presented.read(target, headers)
            if sent.scheme == "Bearer":
                return await self._bearer(sent)
            return await self._bound(sent, method, target)
        except (Reason, ProofRefused, TemporarilyUnavailable) as reason:
            self._refuse(reason, sent.scheme if sent else "DPoP")

    def authorize(self, principal: Principal, requirement: Requirement) -> None:
        """See that the principal may do what is asked for. Raises Refusal."""
        try:
            requirement.check(principal, self._clock.now())
        except Reason as reason:
            self._refuse(reason, "Bearer" if principal.jkt is None else "DPoP")

    async def _bound(self, sent: Presented, method: str, target: str) -> Admitted:
        verified = proof.verify(
            sent.proofs, method=method, uri=self._base_url + _path_of(target), algs=self._algs
        )
        # RFC 9449 §7.1: the protected resource MUST check that a DPoP proof was also received in
        # the DPoP header field of the HTTP request
        if verified is None:
            raise proof.proof_missing()
        check_ath(verified.ath, sent.token)
        principal = await self._verified(sent.token)
        check_jkt(verified.jkt, principal.jkt)
        binding = await self._admission.gate(verified).admit(_Holder(principal.client_id), set())
        nonce = {"DPoP-Nonce": binding.nonce} if binding.nonce else {}
        return Admitted(principal, nonce)

    async def _bearer(self, sent: Presented) -> Admitted:
        if not self._allow_bearer:
            raise InvalidToken(
                "this resource takes tokens bound to a key only; send the access token by the "
                "scheme DPoP, with a proof"
            )
        principal = await self._verified(sent.token)
        # RFC 9449 §7.2: such a protected resource MUST reject a DPoP-bound access token received as
        # a bearer token
        if principal.jkt is not None:
            raise InvalidToken(
                "the access token is bound to a key; send it by the scheme DPoP, with a proof"
            )
        return Admitted(principal, {})

    async def _verified(self, token: str) -> Principal:
        principal = await self._tokens.verify(token)
        # RFC 9068 §4: The resource server MUST validate that the "aud" claim contains a resource
        # indicator value corresponding to an identifier the resource server expects for itself.
        if self._audience.isdisjoint(principal.audience):
            raise InvalidToken(
                f"the access token is for {', '.join(principal.audience) or 'nobody'}, "
                f"expected {' or '.join(sorted(self._audience))}"
            )
        return principal

    def _refuse(
        self, reason: Reason | ProofRefused | TemporarilyUnavailable, scheme: str
    ) -> NoReturn:
        if isinstance(reason, ProofRefused):
            raise self._challenger.of_proof(reason, self._clock.now()) from None
        if isinstance(reason, TemporarilyUnavailable):
            raise unavailable(reason) from reason
        raise self._challenger.refusal(reason, scheme) from None


def _checked(base_url: str) -> str:
    try:
        normalise(base_url)
    except ProofRefused:
        raise ValueError(f"base_url must be an http or https URL, received '{base_url}'") from None
    if "?" in base_url or "#" in base_url:
        raise ValueError("base_url must have no query and no fragment")
    return base_url.rstrip("/")


def _path_of(target: str) -> str:
    """Return the path of a request target (RFC 9112 §3.2); what stands before it means nothing."""
    if target.startswith("/"):
        return target
    _, is_absolute, rest = target.partition("://")
    return "/" + (rest.partition("/")[2] if is_absolute else target)
