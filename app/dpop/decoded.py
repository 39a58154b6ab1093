"""What a proof says, for people to read: private members of a key are named and never shown. Pure.

Verifies nothing.
"""

from dataclasses import dataclass

from .errors import ProofRefused
from .jws import JsonObject, json_object, split
from .keys import PRIVATE_MEMBERS, thumbprint

NOT_SHOWN = "(private, not shown)"
TOO_DEEP = "(nested too deep to show)"
MAX_DEPTH = 16


@dataclass(frozen=True, slots=True)
class Decoded:
    """The two JSON objects of a proof, None where they cannot be read, and its key's thumbprint."""

    header: JsonObject | None
    claims: JsonObject | None
    thumbprint: str | None


def decode(value: str) -> Decoded:
    """Read what can be read of a compact JWS."""
    header, claims = _part(value, 0), _part(value, 1)
    return Decoded(_presentable(header), _presentable(claims), _thumbprint(header))


def bound_to(access_token: str) -> str | None:
    """Return the ``cnf.jkt`` that a JWT access token claims; None if it is none, or has none."""
    claims = _part(access_token, 1) or {}
    confirmation = claims.get("cnf")
    jkt = confirmation.get("jkt") if isinstance(confirmation, dict) else None
    return jkt if isinstance(jkt, str) else None


def _part(value: str, position: int) -> JsonObject | None:
    try:
        return json_object("part", split(value)[position])
    except ProofRefused:
        return None


def _thumbprint(header: JsonObject | None) -> str | None:
    jwk = (header or {}).get("jwk")
    try:
        return thumbprint(jwk) if isinstance(jwk, dict) else None
    except ProofRefused:
        return None


def _presentable(part: JsonObject | None) -> JsonObject | None:
    return None if part is None else {name: _shown(name, each, 1) for name, each in part.items()}


def _shown(name: str, value: object, depth: int) -> object:
    if depth > MAX_DEPTH:
        return TOO_DEEP
    if isinstance(value, list):
        return [_shown(name, each, depth + 1) for each in value]
    if isinstance(value, dict):
        is_key = name == "jwk" or "kty" in value
        return {
            each: NOT_SHOWN
            if is_key and each in PRIVATE_MEMBERS
            else _shown(each, inner, depth + 1)
            for each, inner in value.items()
        }
    # A key that was put there as text may be a private one.
    is_key_text = isinstance(value, str) and (name == "jwk" or "PRIVATE KEY" in value)
    return NOT_SHOWN if is_key_text else value
