"""An access token of this server, once it has been verified (RFC 9068 §2.2, RFC 9449 §6.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a token says whose type, signature, issuer and time are right.

    Whether it was revoked since is not known from it.
    """

    claims: Mapping[str, Any]

    @property
    def jti(self) -> str:
        return str(self.claims["jti"])

    @property
    def subject(self) -> str:
        return str(self.claims["sub"])

    @property
    def client_id(self) -> str:
        return str(self.claims["client_id"])

    @property
    def audience(self) -> tuple[str, ...]:
        aud = self.claims["aud"]
        return (aud,) if isinstance(aud, str) else tuple(aud)

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(str(self.claims.get("scope", "")).split())

    @property
    def expires_at(self) -> float:
        """POSIX seconds."""
        return float(self.claims["exp"])

    @property
    def family_id(self) -> str | None:
        """The family it was born in; None for a client's own token."""
        return self.claims.get("family_id")

    @property
    def jkt(self) -> str | None:
        """The thumbprint of the key it is bound to; None for a plain Bearer token."""
        return (self.claims.get("cnf") or {}).get("jkt")
