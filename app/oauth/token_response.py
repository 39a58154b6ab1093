"""A successful answer of the token endpoint (RFC 6749 §5.1)."""

from dataclasses import dataclass
from typing import Literal

from .authorization_details import Details


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """The members of the answer, and the nonce for its DPoP-Nonce header field.

    ``expires_in`` in seconds. ``scope`` is None where no scope is left to name;
    ``issued_token_type`` is there after a token exchange (RFC 8693 §2.2.1).
    """

    access_token: str
    token_type: Literal["DPoP", "Bearer"]
    expires_in: int
    scope: str | None
    refresh_token: str | None
    nonce: str | None
    issued_token_type: str | None = None
    authorization_details: Details = ()
