"""A JWT that a client signed: its form, its signature, its times (RFC 7515, RFC 7519)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode

from . import strict_json
from .client_keys import ClientKey

# Asymmetric ones only: a MAC would need the secret itself at rest.
ALGS = (
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

SKEW = 10
"""Seconds that a client's clock may differ from ours, as with proofs (dpop.freshness)."""


class Unacceptable(ValueError):
    """The JWT breaks a rule. The message is a sentence that begins with the name it goes by."""


@dataclass(frozen=True, slots=True)
class SignedJwt:
    """A well-formed JWT that anybody may have written."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signing_input: bytes
    signature: bytes


def parse(value: str, name: str) -> SignedJwt:
    """Read the form of a JWT that goes by ``name``. Raises Unacceptable."""
    parts = value.encode().split(b".")
    if len(parts) != 3:  # noqa: PLR2004  # RFC 7515 §7.1: header, payload, signature
        raise Unacceptable(f"{name} must be a JWS of three parts, separated by dots")
    header = _json_object(parts[0], f"the header of {name}")
    claims = _json_object(parts[1], f"the payload of {name}")
    signing_input, _, _ = value.encode().rpartition(b".")
    return SignedJwt(header, claims, signing_input, _decoded(parts[2], name))


def check_header(header: Mapping[str, Any], algs: tuple[str, ...], name: str) -> None:
    """Raise Unacceptable unless ``alg`` is one of those expected, and nothing is critical."""
    alg = header.get("alg")
    if alg not in algs:
        raise Unacceptable(
            f"expected {name} signed with one of {', '.join(algs)}, received alg {str(alg)[:32]!r}"
        )
    # RFC 7515 §4.1.11: If any of the listed extension Header Parameters are not understood and
    # supported by the recipient, then the JWS is invalid.
    if "crit" in header:
        raise Unacceptable(f"{name} has crit, and this server knows no extensions")


def check_times(claims: Mapping[str, Any], name: str, *, now: float, max_lifetime: int) -> float:
    """Return ``exp``, in POSIX seconds. Raises Unacceptable.

    ``max_lifetime``: the seconds that ``exp`` may lie ahead.
    """
    times = {claim: claims[claim] for claim in ("exp", "nbf", "iat") if claim in claims}
    # RFC 7519 §2: NumericDate: a JSON numeric value representing the number of seconds.
    if not all(_is_numeric_date(at) for at in times.values()):
        raise Unacceptable(f"exp, nbf and iat of {name} must be numbers of seconds")
    if "exp" not in times:
        raise Unacceptable(f"{name} has no exp")
    exp = times["exp"]
    # RFC 7519 §4.1.4: the expiration time on or after which the JWT MUST NOT be accepted.
    if exp + SKEW <= now:
        raise Unacceptable(f"{name} expired {int(now - exp)} s ago")
    if exp > now + max_lifetime + SKEW:
        raise Unacceptable(f"expected exp of {name} at most {max_lifetime} s ahead")
    # RFC 7519 §4.1.5: the time before which the JWT MUST NOT be accepted. An iat in the future is
    # no truer.
    for claim in ("nbf", "iat"):
        if claim in times and times[claim] > now + SKEW:
            ahead = int(times[claim] - now)
            raise Unacceptable(f"{claim} of {name} is {ahead} s ahead of this server")
    return float(exp)


def is_signed_by(jwt: SignedJwt, keys: Iterable[ClientKey]) -> bool:
    """Whether one of the keys made the signature: that with the header's kid, if it has one."""
    kid = jwt.header.get("kid")
    candidates = [key for key in keys if kid is None or key.kid == kid]
    return any(_verifies(jwt, key) for key in candidates)


def _verifies(jwt: SignedJwt, key: ClientKey) -> bool:
    algorithm = JWSRegistry.algorithms[jwt.header["alg"]]
    try:
        algorithm.check_key(key.key)
        return algorithm.verify(jwt.signing_input, jwt.signature, key.key)
    except (JoseError, ValueError, TypeError):
        return False


def _is_numeric_date(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 2**53


def _json_object(part: bytes, name: str) -> dict[str, Any]:
    raw = _decoded(part, name)
    try:
        # RFC 7519 §4: The Claim Names within a JWT Claims Set MUST be unique.
        return strict_json.object_in(raw)
    except ValueError:
        raise Unacceptable(f"{name} is not a JSON object with each member once") from None


def _decoded(part: bytes, name: str) -> bytes:
    try:
        return urlsafe_b64decode(part)
    except (ValueError, IndexError):
        raise Unacceptable(f"{name} is not in base64url (RFC 7515 §2)") from None
