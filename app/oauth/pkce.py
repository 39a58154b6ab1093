"""Proof key for code exchange, S256 only (RFC 7636, RFC 9700 §2.1.1)."""

import re

from authlib.oauth2.rfc7636 import (  # type: ignore[import-untyped]  # Authlib ships no types
    create_s256_code_challenge,
)

from ..credentials import same
from .errors import InvalidGrant, InvalidRequest

CODE_CHALLENGE_METHODS = ("S256",)

# RFC 7636 §4.1: code-verifier = 43*128unreserved
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
# RFC 7636 §4.2: BASE64URL-ENCODE(SHA256(ASCII(code_verifier))), so always 43 characters
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


def challenge_of(verifier: str) -> str:
    """Transform a verifier by S256."""
    return str(create_s256_code_challenge(verifier))


def check_challenge(challenge: str | None, method: str | None) -> str:
    """Return the challenge of an authorization request. Raises InvalidRequest."""
    # RFC 7636 §4.4.1: If the server requires PKCE and the client does not send the code challenge
    # in the request, the authorization endpoint MUST return invalid_request.
    if challenge is None:
        raise InvalidRequest("code_challenge is missing: PKCE with S256 is required (RFC 7636)")
    # RFC 7636 §4.3: code_challenge_method defaults to "plain" if not present in the request.
    if method not in CODE_CHALLENGE_METHODS:
        raise InvalidRequest(
            f"expected code_challenge_method S256, received '{method or 'none, which means plain'}'"
        )
    if not _CHALLENGE.fullmatch(challenge):
        raise InvalidRequest("code_challenge must be a SHA-256 in 43 base64url characters")
    return challenge


def check_verifier(verifier: str | None, challenge: str) -> None:
    """Check that the verifier belongs to the challenge. Raises InvalidRequest, InvalidGrant."""
    if verifier is None:
        raise InvalidRequest("code_verifier is missing: the code was requested with PKCE")
    if not _VERIFIER.fullmatch(verifier):
        raise InvalidRequest(
            "code_verifier must be 43 to 128 characters out of A-Z a-z 0-9 - . _ ~"
        )
    # RFC 7636 §4.6: If the values are not equal, an error response indicating "invalid_grant"
    # MUST be returned.
    if not same(challenge_of(verifier), challenge):
        raise InvalidGrant("code_verifier does not match the code_challenge of the code")
