"""Request objects: an authorization request as a JWT that the client signed (RFC 9101)."""

import json
from typing import Any

from . import signed_jwt
from .client import Client
from .client_keys import keys_of
from .errors import InvalidRequestObject
from .parameters import LIMITS
from .signed_jwt import SignedJwt, Unacceptable

MAX_LIFETIME = 3600
"""Seconds that a request object's exp may lie ahead."""

_NAME = "the request object"
# RFC 9101 §10.8: the type of a request object. RFC 7515 §4.1.9: "application/" may be left out.
_TYPES = frozenset({"oauth-authz-req+jwt", "jwt"})


def read(value: str, client: Client) -> SignedJwt:
    """Read the form of an object that the client may have signed. Raises InvalidRequestObject."""
    if client.request_object_signing_alg is None:
        raise InvalidRequestObject(
            "this client is not registered for request objects: "
            "set its request_object_signing_alg first"
        )
    try:
        jwt = signed_jwt.parse(value, _NAME)
        _check_type(jwt.header.get("typ", "JWT"))
        # RFC 9101 §6.2: The signature MUST be validated against the key for that client_id and
        # the algorithm specified in the alg Header Parameter. §10.1: the one that was registered.
        signed_jwt.check_header(jwt.header, (client.request_object_signing_alg,), _NAME)
    except Unacceptable as flaw:
        raise InvalidRequestObject(str(flaw)) from None
    return jwt


def check_signature(jwt: SignedJwt, client: Client) -> None:
    """Find out that the client signed the object. Raises InvalidRequestObject."""
    # RFC 9101 §6.2: If the signature validation fails, the authorization server MUST return an
    # "invalid_request_object" error.
    if not signed_jwt.is_signed_by(jwt, keys_of(client)):
        raise InvalidRequestObject(
            f"no registered key of the client (with the header's kid) made the signature of {_NAME}"
        )


def check_claims(jwt: SignedJwt, client_id: str, *, issuer: str, now: float) -> None:
    """Check whose the object is, for whom, and since when. Raises InvalidRequestObject."""
    claims = jwt.claims
    # RFC 9101 §5: The value of client_id MUST match that of the Request Object.
    _check_equal("client_id", claims.get("client_id"), client_id)
    # RFC 9101 §4: the Request Object SHOULD contain the claims "iss" and "aud". The value of "iss"
    # is the client's, that of "aud" the authorization server's issuer.
    _check_equal("iss", claims.get("iss"), client_id)
    audience = claims.get("aud")
    if issuer not in (audience if isinstance(audience, list) else [audience]):
        _check_equal("aud", audience, issuer)
    # RFC 9101 §10.8: never use the client_id as the "sub" value in a Request Object: it could be
    # taken for a client assertion.
    if claims.get("sub") == client_id:
        raise InvalidRequestObject(f"{_NAME} has the client_id as its sub; leave sub out")
    # RFC 9101 §4: request and request_uri parameters MUST NOT be included in Request Objects.
    for name in ("request", "request_uri"):
        if name in claims:
            raise InvalidRequestObject(f"{_NAME} contains {name}, which it must not")
    try:
        signed_jwt.check_times(claims, _NAME, now=now, max_lifetime=MAX_LIFETIME)
    except Unacceptable as flaw:
        raise InvalidRequestObject(str(flaw)) from None


def parameters_of(jwt: SignedJwt) -> tuple[tuple[str, str], ...]:
    """Return the authorization request parameters among the claims. Raises InvalidRequestObject."""
    return tuple(
        (name, value)
        for name, claim in jwt.claims.items()
        if name in LIMITS
        for value in _values(name, claim)
    )


def _values(name: str, claim: object) -> list[str]:
    # RFC 9396 §2, §3: authorization_details in a request object is the JSON itself. What is wrong
    # with it is told like what is wrong with the parameter.
    if name == "authorization_details" and not isinstance(claim, str):
        return [json.dumps(claim, ensure_ascii=False)]
    # RFC 9101 §4: Parameter names and string values are included as JSON strings. [...] numerical
    # values are included as JSON numbers.
    if isinstance(claim, str):
        return [claim]
    if isinstance(claim, int) and not isinstance(claim, bool):
        return [str(claim)]
    if isinstance(claim, list) and all(isinstance(each, str) for each in claim):
        return claim
    raise InvalidRequestObject(f"{name} of {_NAME} is of the wrong JSON type")


def _check_type(typ: Any) -> None:  # noqa: ANN401  # a header may hold any JSON
    name = typ.lower().removeprefix("application/") if isinstance(typ, str) else None
    if name not in _TYPES:
        raise Unacceptable(
            f"expected {_NAME} with typ 'oauth-authz-req+jwt', received {str(typ)[:64]!r}"
        )


def _check_equal(name: str, received: object, expected: str) -> None:
    if received != expected:
        raise InvalidRequestObject(
            f"expected {name} of {_NAME} to be '{expected}', received {str(received)[:200]!r}"
        )
