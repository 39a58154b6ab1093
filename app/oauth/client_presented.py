"""What a request presents to authenticate its client (RFC 6749 §2.3, RFC 7521 §4.2)."""

import base64
from dataclasses import dataclass
from urllib.parse import unquote_plus

from . import client_assertion
from .client import AuthMethod
from .client_assertion import UnverifiedAssertion
from .errors import InvalidClient, InvalidRequest
from .parameters import LIMITS, Parameters


@dataclass(frozen=True, slots=True)
class Presented:
    """A claim to be a client, not yet believed."""

    method: AuthMethod
    client_id: str
    secret: str = ""
    assertion: UnverifiedAssertion | None = None


def read(authorization: str | None, parameters: Parameters) -> Presented:
    """Find the one method that the request uses. Raises InvalidRequest, InvalidClient.

    ``authorization`` is the value of the Authorization header field.
    """
    secret = parameters.get("client_secret")
    assertion = parameters.get("client_assertion")
    # RFC 6749 §2.3: The client MUST NOT use more than one authentication method in each request.
    if sum(given is not None for given in (authorization, secret, assertion)) > 1:
        raise InvalidRequest(
            "expected one of Authorization, client_secret and client_assertion, received several"
        )
    if authorization is not None:
        return _from_basic(authorization, parameters.get("client_id"))
    if assertion is not None or parameters.get("client_assertion_type") is not None:
        return _from_assertion(parameters)
    client_id = parameters.get("client_id")
    # RFC 6749 §5.2: invalid_client: [...] no client authentication included.
    if client_id is None:
        raise InvalidClient("the request names no client: send client_id or authenticate")
    if secret is not None:
        return Presented(AuthMethod.CLIENT_SECRET_POST, client_id, secret)
    return Presented(AuthMethod.NONE, client_id)


def _from_basic(authorization: str, client_id: str | None) -> Presented:
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClient(f"expected the Authorization scheme Basic, received '{scheme[:32]}'")
    try:
        # RFC 7617 §2: user-id, a single colon, password, in base64.
        pair = base64.b64decode(credentials.strip(" "), validate=True).decode()
        encoded_id, colon, encoded_secret = pair.partition(":")
        # RFC 6749 §2.3.1: The client identifier is encoded using the
        # "application/x-www-form-urlencoded" encoding algorithm, and so is the client password.
        name = unquote_plus(encoded_id, errors="strict")
        secret = unquote_plus(encoded_secret, errors="strict")
    except ValueError:
        raise InvalidClient(
            "Authorization: Basic must carry client_id:client_secret, each form-urlencoded in "
            "UTF-8, in base64"
        ) from None
    # RFC 6749 §A.1: client-id = *VSCHAR
    if not colon or not name or len(name) > LIMITS["client_id"] or not _is_vschar(name):
        raise InvalidClient("Authorization: Basic must carry client_id:client_secret in base64")
    if client_id is not None and client_id != name:
        raise InvalidRequest("client_id is not the client that the Authorization header names")
    return Presented(AuthMethod.CLIENT_SECRET_BASIC, name, secret)


def _from_assertion(parameters: Parameters) -> Presented:
    kind = parameters.require("client_assertion_type")
    # RFC 7523 §2.2: the value is "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".
    if kind != client_assertion.ASSERTION_TYPE:
        raise InvalidClient(
            f"expected client_assertion_type {client_assertion.ASSERTION_TYPE}, "
            f"received '{kind[:200]}'"
        )
    assertion = client_assertion.parse(parameters.require("client_assertion"))
    # RFC 7521 §4.2: If present, the value of the "client_id" parameter MUST identify the same
    # client as is identified by the client assertion.
    if parameters.get("client_id") not in {None, assertion.client_id}:
        raise InvalidClient("client_id is not the client that the client_assertion names")
    return Presented(AuthMethod.PRIVATE_KEY_JWT, assertion.client_id, assertion=assertion)


def _is_vschar(text: str) -> bool:
    return text.isascii() and text.isprintable()
