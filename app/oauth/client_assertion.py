"""Client assertions: private_key_jwt (RFC 7521, RFC 7523, OpenID Connect Core §9)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, inf

from . import signed_jwt
from .client_keys import ClientKey
from .errors import InvalidClient, TemporarilyUnavailable
from .signed_jwt import ALGS as ASSERTION_ALGS
from .signed_jwt import SKEW, SignedJwt, Unacceptable

__all__ = ["ASSERTION_ALGS", "ASSERTION_TYPE", "MAX_LIFETIME", "SKEW"]

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

MAX_LIFETIME = 600
"""Seconds that an assertion's exp may lie ahead: for so long its jti is remembered."""

MAX_JTI = 256

_NAME = "client_assertion"
_CLIENT_ID = re.compile(r"[\x20-\x7e]{1,256}")


@dataclass(frozen=True, slots=True)
class UnverifiedAssertion:
    """A well-formed assertion that anybody may have written."""

    jwt: SignedJwt
    client_id: str


@dataclass(frozen=True, slots=True)
class Assertion:
    """A checked assertion's jti, and until when it could be presented again (POSIX seconds).

    ``made_at``: the latest that ``iat``, ``nbf`` and ``exp`` say of when it was made. It was never
    taken more than ``SKEW`` seconds before that.
    """

    jti: str
    expires_at: float
    made_at: float


def parse(value: str) -> UnverifiedAssertion:
    """Read the form of an assertion, and whose it claims to be. Raises InvalidClient."""
    try:
        jwt = signed_jwt.parse(value, _NAME)
    except Unacceptable as flaw:
        raise InvalidClient(str(flaw)) from None
    # RFC 7523 §3, rules 1 and 2B: "iss" and "sub" MUST be the "client_id" of the OAuth client.
    client_id = jwt.claims.get("sub")
    if not isinstance(client_id, str) or jwt.claims.get("iss") != client_id:
        raise InvalidClient("iss and sub of client_assertion must both be the client_id")
    if not _CLIENT_ID.fullmatch(client_id):
        raise InvalidClient("sub of client_assertion is not a client_id")
    return UnverifiedAssertion(jwt, client_id)


def check_claims(
    assertion: UnverifiedAssertion, *, audiences: Iterable[str], algs: Iterable[str], now: float
) -> Assertion:
    """Check all that needs no key. Raises InvalidClient.

    ``audiences`` are the issuer and the URL of the endpoint called.
    """
    claims = assertion.jwt.claims
    try:
        # RFC 7523 §3, rule 9: The JWT MUST be digitally signed or have a MAC applied by the issuer.
        signed_jwt.check_header(assertion.jwt.header, tuple(algs), _NAME)
        _check_audience(claims.get("aud"), tuple(audiences))
        # RFC 7523 §3, rules 4 and 5: exp, and nbf if it is there.
        expires_at = signed_jwt.check_times(claims, _NAME, now=now, max_lifetime=MAX_LIFETIME)
    except Unacceptable as flaw:
        raise InvalidClient(str(flaw)) from None
    jti = claims.get("jti")
    # OpenID Connect Core §9: jti REQUIRED. These tokens MUST only be used once.
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI or not jti.isprintable():
        raise InvalidClient(f"client_assertion needs a jti of 1 to {MAX_JTI} printable characters")
    made_at = max(expires_at - MAX_LIFETIME, *(claims.get(at, -inf) for at in ("iat", "nbf")))
    return Assertion(jti=jti, expires_at=expires_at + SKEW, made_at=made_at)


def check_memory(assertion: Assertion, born_at: float | None, now: float) -> None:
    """Raise a refusal of an assertion that a memory lost since may have held.

    ``born_at`` is when the present memory started empty, None if no other came before it. Raises
    InvalidClient, or TemporarilyUnavailable as long as one made now may have been there too.
    """
    # RFC 7523 §3, rule 7: [...] to ensure that JWTs are not replayed. The lost memory took
    # assertions dated up to SKEW ahead; what was forgotten cannot be told from what is new.
    if born_at is None or assertion.made_at >= born_at + SKEW:
        return
    restarted = (
        "the memory of used client assertions was restarted, and this one may have been used "
        "before: sign a fresh assertion"
    )
    # An iat in whole seconds may lie up to one back.
    wait = ceil(born_at + SKEW - now) + 1
    if wait > 1:
        raise TemporarilyUnavailable(
            f"{restarted} in {wait} seconds", retry_after=wait, part="state"
        )
    raise InvalidClient(f"{restarted}, with an iat from {ceil(born_at + SKEW)} on")


def is_signed_by(assertion: UnverifiedAssertion, keys: Iterable[ClientKey]) -> bool:
    """Whether one of the keys made the signature: that with the header's kid, if it has one."""
    return signed_jwt.is_signed_by(assertion.jwt, keys)


def check_alg(assertion: UnverifiedAssertion, registered: str | None) -> None:
    """Raise InvalidClient if the client has registered another algorithm than this one."""
    alg = assertion.jwt.header["alg"]
    # OpenID Connect Dynamic Client Registration §2: token_endpoint_auth_signing_alg: the algorithm
    # that MUST be used for signing the JWT used to authenticate the Client.
    if registered is not None and alg != registered:
        raise InvalidClient(
            f"expected client_assertion signed with {registered}, which the client registered, "
            f"received alg '{alg}'"
        )


def _check_audience(received: object, expected: tuple[str, ...]) -> None:
    # RFC 7523 §3, rule 3: The JWT MUST contain an "aud" claim that identifies the authorization
    # server. One string only: an assertion for several servers could be used by each at the others.
    if not isinstance(received, str) or received not in expected:
        raise Unacceptable(
            f"expected aud of client_assertion to be one string out of {', '.join(expected)}, "
            f"received {str(received)[:200]!r}"
        )
