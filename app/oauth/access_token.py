"""An access token of this server, once it has been verified (RFC 9068 §2.2, RFC 9449 §6.1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from .authorization_details import Details


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What must not be revoked or disabled for a token to be good, each once."""

    jtis: tuple[str, ...]
    families: tuple[str, ...]
    clients: tuple[str, ...]

    @classmethod
    def joined(cls, several: Iterable[Self]) -> Self:
        """Return all of them."""
        every = tuple(several)
        return cls(
            _each_once(jti for one in every for jti in one.jtis),
            _each_once(family for one in every for family in one.families),
            _each_once(client for one in every for client in one.clients),
        )

    @classmethod
    def of_claim(cls, claim: Mapping[str, Any]) -> Self:
        """Read what ``as_claim`` made."""
        return cls(*(tuple(claim[name]) for name in ("jti", "family_id", "client_id")))

    def as_claim(self) -> Mapping[str, Any]:
        """Return the value of the claim ``exchanged_from`` of a token exchanged for others."""
        return {"jti": self.jtis, "family_id": self.families, "client_id": self.clients}


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
    def authorization_details(self) -> Details:
        return tuple(self.claims.get("authorization_details", ()))

    @property
    def expires_at(self) -> float:
        """POSIX seconds."""
        return float(self.claims["exp"])

    @property
    def family_id(self) -> str | None:
        """The family it was born in; None for a client's own token."""
        return self.claims.get("family_id")

    @property
    def depends_on(self) -> Dependencies:
        """What it depends on, and what the tokens depend on that it was exchanged for."""
        family_id = self.family_id
        # A token without a family is of a client's own: the client is its subject.
        own = Dependencies(
            jtis=(self.jti,),
            families=() if family_id is None else (family_id,),
            clients=(self.client_id, *([self.subject] if family_id is None else [])),
        )
        before = self.claims.get("exchanged_from")
        others = () if before is None else (Dependencies.of_claim(before),)
        return Dependencies.joined((own, *others))

    @property
    def jkt(self) -> str | None:
        """The thumbprint of the key it is bound to; None for a plain Bearer token."""
        return (self.claims.get("cnf") or {}).get("jkt")


def _each_once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
