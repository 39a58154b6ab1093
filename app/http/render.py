"""The only writer of errors and of Cache-Control, DPoP-Nonce and WWW-Authenticate."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from ..clock import Clock
from ..dpop.errors import NonceRequired, ProofRefused
from ..oauth.description import describe
from ..oauth.device.codes import DeviceResponse
from ..oauth.errors import (
    InvalidClient,
    InvalidToken,
    OAuthError,
    TemporarilyUnavailable,
    TooManyAttempts,
)
from ..oauth.par import PushedResponse
from ..oauth.token_response import TokenResponse

MAX_RECEIVED = 200
INTROSPECTION_JWT = "application/token-introspection+jwt"

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def json_response(
    body: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Write a JSON answer that nobody may cache."""
    content = json.dumps(body, separators=(",", ":")).encode()
    return Response(content, status, NO_STORE | dict(headers or {}), "application/json")


def token_response(response: TokenResponse) -> Response:
    """Answer with tokens (RFC 6749 §5.1)."""
    body: dict[str, Any] = {
        "access_token": response.access_token,
        "token_type": response.token_type,
        "expires_in": response.expires_in,
    }
    if response.refresh_token is not None:
        body["refresh_token"] = response.refresh_token
    if response.scope is not None:
        body["scope"] = response.scope
    # RFC 9396 §7: the authorization server MUST also return the authorization_details as granted by
    # the resource owner and assigned to the respective access token.
    if response.authorization_details:
        body["authorization_details"] = list(response.authorization_details)
    if response.issued_token_type is not None:
        body["issued_token_type"] = response.issued_token_type
    return json_response(body, headers=nonce_header(response.nonce))


def pushed_response(response: PushedResponse) -> Response:
    """Answer with the URI of a pushed request (RFC 9126 §2.2)."""
    body = {"request_uri": response.request_uri, "expires_in": response.expires_in}
    return json_response(body, status=201, headers=nonce_header(response.nonce))


def device_response(response: DeviceResponse) -> Response:
    """Answer with a device code and a user code (RFC 8628 §3.2)."""
    body = {
        "device_code": response.device_code,
        "user_code": response.user_code,
        "verification_uri": response.verification_uri,
        "verification_uri_complete": response.verification_uri_complete,
        "expires_in": response.expires_in,
        "interval": response.interval,
    }
    return json_response(body, headers=nonce_header(response.nonce))


def empty_response(nonce: str | None) -> Response:
    """Answer that all is well and there is nothing to say (RFC 7009 §2.2)."""
    return Response(status_code=200, headers=NO_STORE | nonce_header(nonce))


def introspection_jwt(jwt: str, nonce: str | None) -> Response:
    """Answer with a signed introspection response (RFC 9701 §5)."""
    headers = NO_STORE | nonce_header(nonce)
    return Response(jwt, 200, headers, INTROSPECTION_JWT)


def public_json(body: Mapping[str, Any], *, max_age: int) -> Response:
    """Write a JSON document that anyone may cache for ``max_age`` seconds."""
    headers = {"Cache-Control": f"public, max-age={max_age}"}
    return Response(json.dumps(body, indent=2).encode(), 200, headers, "application/json")


def nonce_header(nonce: str | None) -> dict[str, str]:
    """Return the DPoP-Nonce header field, if there is a nonce to hand out (RFC 9449 §8)."""
    return {"DPoP-Nonce": nonce} if nonce else {}


def oauth_error(error: OAuthError) -> Response:
    """Answer with an OAuth error (RFC 6749 §5.2)."""
    headers: dict[str, str] = {}
    if isinstance(error, InvalidClient | InvalidToken):
        headers["WWW-Authenticate"] = error.challenge
    if isinstance(error, TemporarilyUnavailable | TooManyAttempts):
        headers["Retry-After"] = str(error.retry_after)
    body = {"error": error.error, "error_description": describe(error.description)}
    return json_response(body, status=error.status, headers=headers)


def proof_refused(error: ProofRefused, *, clock: Clock, issuer: str) -> Response:
    """Answer with the refusal of a DPoP proof (RFC 9449 §5 and §8).

    Beside the registered members, ``dpop`` says the same to a program: the check, what was
    expected, what came, and the server's time in POSIX seconds.
    """
    details: dict[str, str | int] = {"check": error.check, "server_time": int(clock.now())}
    if error.expected is not None:
        details["expected"] = error.expected
    if error.received is not None:
        details["received"] = error.received[:MAX_RECEIVED]
    body = {
        "error": error.error,
        "error_description": describe(error.description),
        "error_uri": f"{issuer}/errors/{error.check}",
        "dpop": details,
    }
    # Only a challenge carries the nonce: clients take it on any 4xx as a call to resend.
    nonce = error.nonce if isinstance(error, NonceRequired) else None
    return json_response(body, status=400, headers=nonce_header(nonce))
