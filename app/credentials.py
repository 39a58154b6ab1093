"""Random credentials with a readable prefix, and the hashes that stand for them at rest.

Every value carries 256 bits of randomness, so one SHA-256 is the right hash: there is nothing to
guess, and a slow hash would only slow the server down. The prefix lets secret scanners find leaks.
"""

import base64
import hashlib
import hmac
import secrets
from enum import StrEnum


class Kind(StrEnum):
    """The prefix of each kind of credential."""

    AUTHORIZATION_CODE = "hf_ac_"
    REFRESH_TOKEN = "hf_rt_"
    CLIENT_SECRET = "hf_cs_"
    DEVICE_CODE = "hf_dc_"
    REQUEST_URI = "hf_ru_"
    SESSION = "hf_ss_"
    INITIAL_TOKEN = "hf_it_"
    REGISTRATION_TOKEN = "hf_rat_"


def b64url(raw: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def mint(kind: Kind) -> str:
    """Make a new credential: the kind's prefix and 43 characters."""
    return kind + b64url(secrets.token_bytes(32))


def digest(value: str) -> str:
    """Return the SHA-256 of a credential, base64url, 43 characters: the form that is stored."""
    return b64url(hashlib.sha256(value.encode()).digest())


def same(left: str, right: str) -> bool:
    """Compare in a time that does not depend on where the values differ."""
    return hmac.compare_digest(left.encode(), right.encode())
