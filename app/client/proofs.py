"""Signing DPoP proofs (RFC 9449 §4.2)."""

import secrets
from urllib.parse import urlsplit, urlunsplit

from ..clock import Clock, SystemClock
from ..credentials import digest
from .keys import DpopKey

_SYSTEM_CLOCK = SystemClock()


def sign_proof(
    key: DpopKey,
    method: str,
    url: str,
    *,
    nonce: str | None = None,
    access_token: str | None = None,
    clock: Clock = _SYSTEM_CLOCK,
) -> str:
    """Return the value of the DPoP header field for one request.

    ``url`` is the request's URL; ``access_token`` the one sent along with the request, if any.
    Each call makes a new proof with its own ``jti``.
    """
    claims: dict[str, str | int] = {
        "jti": secrets.token_urlsafe(16),
        "htm": method,
        "htu": target(url),
        "iat": int(clock.now()),
    }
    # RFC 9449 §4.2: when the proof is used with an access token, it MUST contain ath.
    if access_token is not None:
        claims["ath"] = digest(access_token)
    # RFC 9449 §4.2: when the server provided a DPoP-Nonce, the proof MUST contain nonce.
    if nonce is not None:
        claims["nonce"] = nonce
    return key.sign(claims)


def target(url: str) -> str:
    """Return the ``htu`` of a URL."""
    parts = urlsplit(url)
    # RFC 9449 §4.2: the HTTP target URI without query and fragment parts. A user name and a
    # password are no part of the target URI either (RFC 9110 §4.2.4).
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path or "/", "", ""))
