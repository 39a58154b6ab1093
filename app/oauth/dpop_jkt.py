"""The key that a request names for what it will lead to (RFC 9449 §10): ``dpop_jkt``."""

import re

from .errors import InvalidRequest

# RFC 7638 §3: a SHA-256 in base64url: 43 characters, of which the last carries four bits.
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")


def thumbprint(value: str | None) -> str | None:
    """Return the parameter's value, if it was sent. Raises InvalidRequest unless it is one."""
    # RFC 9449 §10: the JWK Thumbprint of the proof-of-possession public key using SHA-256.
    if value is not None and not _THUMBPRINT.fullmatch(value):
        raise InvalidRequest(
            "dpop_jkt must be a SHA-256 JWK thumbprint (RFC 7638) in 43 base64url characters, "
            f"received '{value}'"
        )
    return value


def agreed(dpop_jkt: str | None, jkt: str | None) -> str | None:
    """Return the key that the parameter or the request's own proof names, if either does.

    Raises InvalidRequest if they name different ones.
    """
    # RFC 9449 §10.1: If both mechanisms are used at the same time, the authorization server MUST
    # reject the request if the JWK Thumbprint in dpop_jkt does not match the public key in the DPoP
    # header.
    if dpop_jkt is not None and jkt is not None and dpop_jkt != jkt:
        raise InvalidRequest(
            f"expected dpop_jkt to be the thumbprint of the proof's key, '{jkt}', "
            f"received '{dpop_jkt}'"
        )
    return dpop_jkt or jkt
