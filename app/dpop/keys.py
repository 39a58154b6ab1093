"""The public key in a proof's header: read strictly, imported once, named by its thumbprint."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ..credentials import digest
from .algorithms import Algorithm
from .errors import Check, ProofRefused, shown
from .jws import JsonObject
from .key_material import AnyKey, ec_key, okp_key, rsa_key

CACHED_KEYS = 4096

_MEMBERS = {"EC": ("crv", "x", "y"), "OKP": ("crv", "x"), "RSA": ("e", "n")}

# RFC 7638 §3, RFC 8037 §2: only the required members, no whitespace or line breaks, ordered
# lexicographically. What goes in was imported: no character of it needs an escape.
_CANONICAL = {
    "EC": '{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}',
    "OKP": '{{"crv":"{}","kty":"OKP","x":"{}"}}',
    "RSA": '{{"e":"{}","kty":"RSA","n":"{}"}}',
}

_IMPORT: dict[str, Callable[..., AnyKey]] = {"EC": ec_key, "OKP": okp_key, "RSA": rsa_key}

# RFC 7518 §6.2.2, §6.3.2 and §6.4, RFC 8037 §2: the members of private and symmetric keys.
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An imported public key. ``jkt`` is its RFC 7638 SHA-256 thumbprint, 43 characters."""

    jkt: str
    key: AnyKey


def check_jwk(header: JsonObject, algorithm: Algorithm) -> PublicKey:
    """Import the key in a proof's header. Raises the refusal ``jwk``."""
    jwk = header.get("jwk")
    # RFC 9449 §4.2: The JOSE Header of a DPoP JWT MUST contain at least [...] jwk: Represents the
    # public key chosen by the client in JSON Web Key (JWK) format
    if not isinstance(jwk, dict):
        raise ProofRefused(
            Check.JWK,
            "the proof's header has no 'jwk' that is a JSON object with the public key",
            expected="a JSON object",
            received=_kind(jwk) if "jwk" in header else "no jwk",
        )
    _refuse_private(jwk)
    _match(jwk, algorithm)
    return _read(jwk)


def _kind(jwk: object) -> str:
    # The text itself is not shown: it may be a key pair, written as a string by mistake.
    return "a string" if isinstance(jwk, str) else shown(jwk)


def public_key(jwk: Mapping[str, object]) -> PublicKey:
    """Import a public EC, Ed25519 or RSA key. Raises the refusal ``jwk``."""
    _refuse_private(jwk)
    return _read(jwk)


def thumbprint(jwk: Mapping[str, object]) -> str:
    """Return the RFC 7638 SHA-256 thumbprint of a public key. Raises the refusal ``jwk``."""
    return public_key(jwk).jkt


def _read(jwk: Mapping[str, object]) -> PublicKey:
    kty = jwk.get("kty")
    if not isinstance(kty, str) or kty not in _MEMBERS:
        raise ProofRefused(
            Check.JWK,
            "the jwk's kty is not that of a public key this server takes",
            expected=", ".join(_MEMBERS),
            received=shown(kty) if "kty" in jwk else "no kty",
        )
    members = []
    for name in _MEMBERS[kty]:
        value = jwk.get(name)
        if not isinstance(value, str):
            raise ProofRefused(
                Check.JWK, f"the jwk has no member '{name}' that is a string", expected=name
            )
        members.append(value)
    return _imported(kty, *members)


def _refuse_private(jwk: Mapping[str, object]) -> None:
    # RFC 9449 §4.3, check 7: The jwk JOSE Header Parameter does not contain a private key.
    if leaked := PRIVATE_MEMBERS & jwk.keys():
        raise ProofRefused(
            Check.JWK,
            f"the jwk holds the private member '{min(leaked)}': that key is spent. "
            "Make a new one and send its public members only",
            expected="public members only",
        )


def _match(jwk: Mapping[str, object], algorithm: Algorithm) -> None:
    wrong_curve = algorithm.crv is not None and jwk.get("crv") != algorithm.crv
    if jwk.get("kty") != algorithm.kty or wrong_curve:
        raise ProofRefused(
            Check.JWK,
            f"the jwk is not of the kind that alg {algorithm.name} takes",
            expected=algorithm.key_wanted,
            received=_members_of(jwk, "kty", "crv"),
        )
    # RFC 7517 §4.2: The "use" (public key use) parameter identifies the intended use of the
    # public key. §4.4: The "alg" parameter identifies the algorithm intended for use with the key.
    if jwk.get("use", "sig") != "sig" or jwk.get("alg", algorithm.name) not in algorithm.names:
        raise ProofRefused(
            Check.JWK,
            f"the jwk is meant for something other than alg {algorithm.name} signatures",
            expected=f"use sig, alg {algorithm.name}, or neither member",
            received=_members_of(jwk, "use", "alg"),
        )


def _members_of(jwk: Mapping[str, object], *names: str) -> str:
    found = (f"{name} {shown(jwk[name])}" for name in names if name in jwk)
    return ", ".join(found) or "neither " + " nor ".join(names)


@lru_cache(maxsize=CACHED_KEYS)
def _imported(kty: str, *members: str) -> PublicKey:
    key = _IMPORT[kty](*members)
    return PublicKey(digest(_CANONICAL[kty].format(*members)), key)
