"""Who makes a request: what a verified access token says (RFC 9068 §2.2, RFC 7662 §2.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .reasons import InvalidToken

_FURTHEST = 2.0**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The client, and the person it acts for.

    ``subject`` equals ``client_id`` where a client acts for itself. ``jkt`` is the thumbprint of
    the key the token is bound to, None for a plain Bearer token. Times are POSIX seconds. ``act``
    names who acts for the subject (RFC 8693 §4.1). ``claims`` has everything, as it came.
    """

    subject: str
    client_id: str
    scopes: frozenset[str]
    audience: tuple[str, ...]
    expires_at: float
    jkt: str | None
    acr: str | None
    auth_time: float | None
    authorization_details: Sequence[Mapping[str, Any]]
    act: Mapping[str, Any] | None
    claims: Mapping[str, Any]


def read(claims: Mapping[str, Any]) -> Principal:
    """Read the claims of a token whose signature is right. Raises InvalidToken on a wrong type."""
    client_id = _text(claims, "client_id")
    subject = _text(claims, "sub") or client_id
    expires_at = number(claims, "exp")
    if subject is None or client_id is None or expires_at is None:
        raise InvalidToken("the access token must have sub, client_id and exp")
    return Principal(
        subject=subject,
        client_id=client_id,
        scopes=frozenset((_text(claims, "scope") or "").split()),
        audience=_audience(claims.get("aud", ())),
        expires_at=expires_at,
        jkt=_jkt(claims),
        acr=_text(claims, "acr"),
        auth_time=number(claims, "auth_time"),
        authorization_details=_details(claims.get("authorization_details", ())),
        act=_object(claims, "act"),
        claims=claims,
    )


def number(claims: Mapping[str, Any], name: str) -> float | None:
    """Return a NumericDate (RFC 7519 §2), None if it is not there. Raises InvalidToken."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _FURTHEST:
        raise _wrong(name, "a number of seconds")
    return float(value)


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    if value is not None and (not isinstance(value, str) or not value):
        raise _wrong(name, "a string")
    return value


def _object(claims: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    value = claims.get(name)
    if value is not None and not isinstance(value, Mapping):
        raise _wrong(name, "an object")
    return value


def _audience(value: object) -> tuple[str, ...]:
    # RFC 7519 §4.1.3: an array of case-sensitive strings, [...] or a single one.
    members = [value] if isinstance(value, str) else value
    if not isinstance(members, list | tuple) or not all(isinstance(each, str) for each in members):
        raise _wrong("aud", "a string or an array of strings")
    return tuple(members)


def _details(value: object) -> Sequence[Mapping[str, Any]]:
    # RFC 9396 §2: an array of JSON objects.
    members = value if isinstance(value, list | tuple) else [None]
    if not all(isinstance(each, Mapping) for each in members):
        raise _wrong("authorization_details", "an array of objects")
    return tuple(members)


def _jkt(claims: Mapping[str, Any]) -> str | None:
    cnf = _object(claims, "cnf")
    if cnf is None:
        return None
    jkt = cnf.get("jkt")
    # RFC 7800 §3.1: a token may be bound in other ways; whoever cannot check them must not pass it
    # for a Bearer token.
    if not isinstance(jkt, str):
        raise InvalidToken("the access token is bound in another way than by cnf.jkt (RFC 9449)")
    return jkt


def _wrong(name: str, expected: str) -> InvalidToken:
    return InvalidToken(f"the access token's {name} must be {expected}")
