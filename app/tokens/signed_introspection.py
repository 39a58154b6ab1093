"""Introspection answers as signed JWTs (RFC 9701 §5)."""

from collections.abc import Mapping
from typing import Any

from ..clock import Clock
from .keyring import Keyring

TYP = "token-introspection+jwt"


class SignedIntrospection:
    """Signs answers with the active key."""

    def __init__(self, keyring: Keyring, clock: Clock, issuer: str) -> None:
        self._keyring = keyring
        self._clock = clock
        self._issuer = issuer

    def sign(self, answer: Mapping[str, Any], audience: str) -> str:
        """Sign an answer for one caller. Raises TemporarilyUnavailable without an active key."""
        # RFC 9701 §5: iss, aud, iat and token_introspection. Neither sub nor exp stands beside
        # them, so that nobody takes the answer for an access token or an ID token.
        claims = {
            "iss": self._issuer,
            "aud": audience,
            "iat": int(self._clock.now()),
            "token_introspection": dict(answer),
        }
        return self._keyring.active().sign(claims, typ=TYP)
