"""Client assertions: private_key_jwt (RFC 7521, RFC 7523, OpenID Connect Core §9)."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode

from .client_keys import ClientKey
from .errors import InvalidClient

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

# Asymmetric ones only: client_secret_jwt would need the secret itself at rest.
ASSERTION_ALGS = (
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
    "PS256",
    "PS384",
    "PS512",
    "RS256",
)

MAX_LIFETIME = 600
"""Seconds that an assertion's exp may lie ahead: for so long its jti is remembered."""

SKEW = 30
"""Seconds that a client's clock may differ from ours."""

MAX_JTI = 256
_CLIENT_ID = re.compile(r"[\x20-\x7e]{1,256}")


@dataclass(frozen=True, slots=True)
class UnverifiedAssertion:
    """A well-formed assertion that anybody may have written."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signing_input: bytes
    signature: bytes
    client_id: str


@dataclass(frozen=True, slots=True)
class Assertion:
    """A checked assertion's jti, and until when it could be presented again (POSIX seconds)."""

    jti: str
    expires_at: float


def parse(value: str) -> UnverifiedAssertion:
    """Read the form of an assertion, and whose it claims to be. Raises InvalidClient."""
    parts = value.encode().split(b".")
    if len(parts) != 3:  # noqa: PLR2004  # RFC 7515 §7.1: header, payload, signature
        raise InvalidClient("client_assertion must be a JWS of three parts, separated by dots")
    header, claims = _json_object(parts[0], "header"), _json_object(parts[1], "payload")
    # RFC 7523 §3, rules 1 and 2B: "iss" and "sub" MUST be the "client_id" of the OAuth client.
    client_id = claims.get("sub")
    if not isinstance(client_id, str) or claims.get("iss") != client_id:
        raise InvalidClient("iss and sub of client_assertion must both be the client_id")
    if not _CLIENT_ID.fullmatch(client_id):
        raise InvalidClient("sub of client_assertion is not a client_id")
    signing_input, _, _ = value.encode().rpartition(b".")
    return UnverifiedAssertion(header, claims, signing_input, _decoded(parts[2]), client_id)


def check_claims(
    assertion: UnverifiedAssertion, *, audiences: Iterable[str], algs: Iterable[str], now: float
) -> Assertion:
    """Check all that needs no key. Raises InvalidClient.

    ``audiences`` are the issuer and the URL of the endpoint called.
    """
    _check_header(assertion.header, tuple(algs))
    expected, received = tuple(audiences), assertion.claims.get("aud")
    # RFC 7523 §3, rule 3: The JWT MUST contain an "aud" claim that identifies the authorization
    # server. One string only: an assertion for several servers could be used by each at the others.
    if not isinstance(received, str) or received not in expected:
        raise InvalidClient(
            f"expected aud of client_assertion to be one string out of {', '.join(expected)}, "
            f"received {str(received)[:200]!r}"
        )
    expires_at = _check_times(assertion.claims, now)
    jti = assertion.claims.get("jti")
    # OpenID Connect Core §9: jti REQUIRED. These tokens MUST only be used once.
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI or not jti.isprintable():
        raise InvalidClient(f"client_assertion needs a jti of 1 to {MAX_JTI} printable characters")
    return Assertion(jti=jti, expires_at=expires_at + SKEW)


def is_signed_by(assertion: UnverifiedAssertion, keys: Iterable[ClientKey]) -> bool:
    """Whether one of the keys made the signature: that with the header's kid, if it has one."""
    kid = assertion.header.get("kid")
    candidates = [key for key in keys if kid is None or key.kid == kid]
    return any(_verifies(assertion, key) for key in candidates)


def _verifies(assertion: UnverifiedAssertion, key: ClientKey) -> bool:
    algorithm = JWSRegistry.algorithms[assertion.header["alg"]]
    try:
        algorithm.check_key(key.key)
        return algorithm.verify(assertion.signing_input, assertion.signature, key.key)
    except (JoseError, ValueError, TypeError):
        return False


def _check_header(header: Mapping[str, Any], algs: tuple[str, ...]) -> None:
    alg = header.get("alg")
    # RFC 7523 §3, rule 9: The JWT MUST be digitally signed or have a MAC applied by the issuer.
    if alg not in algs:
        raise InvalidClient(
            f"expected client_assertion signed with one of {', '.join(algs)}, "
            f"received alg {str(alg)[:32]!r}"
        )
    # RFC 7515 §4.1.11: If any of the listed extension Header Parameters are not understood and
    # supported by the recipient, then the JWS is invalid.
    if "crit" in header:
        raise InvalidClient("client_assertion has crit, and this server knows no extensions")


def _check_times(claims: Mapping[str, Any], now: float) -> float:
    times = {name: claims[name] for name in ("exp", "nbf", "iat") if name in claims}
    # RFC 7519 §2: NumericDate: a JSON numeric value representing the number of seconds.
    if not all(_is_numeric_date(at) for at in times.values()):
        raise InvalidClient("exp, nbf and iat of client_assertion must be numbers of seconds")
    # RFC 7523 §3, rule 4: The JWT MUST contain an "exp" (expiration time) claim.
    if "exp" not in times:
        raise InvalidClient("client_assertion has no exp")
    exp = times["exp"]
    if exp + SKEW <= now:
        raise InvalidClient(f"client_assertion expired {int(now - exp)} s ago")
    if exp > now + MAX_LIFETIME + SKEW:
        raise InvalidClient(f"expected exp of client_assertion at most {MAX_LIFETIME} s ahead")
    # RFC 7523 §3, rule 5: "nbf" identifies the time before which the token MUST NOT be
    # accepted; an "iat" in the future is no truer.
    for name in ("nbf", "iat"):
        if name in times and times[name] > now + SKEW:
            ahead = int(times[name] - now)
            raise InvalidClient(f"{name} of client_assertion is {ahead} s ahead of this server")
    return float(exp)


def _is_numeric_date(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 2**53


def _json_object(part: bytes, name: str) -> dict[str, Any]:
    try:
        value = json.loads(_decoded(part), parse_constant=_refuse)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InvalidClient(f"the {name} of client_assertion is not a JSON object in base64url")
    return value


def _decoded(part: bytes) -> bytes:
    try:
        return urlsafe_b64decode(part)
    except (ValueError, IndexError):
        raise InvalidClient("client_assertion is not in base64url (RFC 7515 §2)") from None


def _refuse(constant: str) -> NoReturn:
    message = f"{constant} is not JSON"
    raise ValueError(message)
