"""The part of the composition about tokens that are out there: revocation and introspection."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter

from .clock import Clock
from .dpop.admission import Admission
from .http import paths
from .oauth.client import AuthMethod
from .oauth.client_auth import AUTH_METHODS, ClientAuthenticator
from .oauth.client_endpoint import ClientDoor
from .oauth.introspection_endpoint import IntrospectionEndpoint
from .oauth.revocation_endpoint import RevocationEndpoint
from .parts import Parts
from .routes import introspect, revoke
from .settings import Settings
from .telemetry.audit import AuditSink
from .tokens.signed_introspection import SignedIntrospection
from .tokens.verification import AccessTokenVerifier

# For the metadata document (RFC 8414 §2).
ENDPOINTS: Mapping[str, str] = MappingProxyType(
    {"revocation_endpoint": paths.REVOKE, "introspection_endpoint": paths.INTROSPECT}
)
# RFC 7662 §2.1: introspection requires some form of authorization, which a public client lacks.
CONFIDENTIAL = tuple(method for method in AUTH_METHODS if method is not AuthMethod.NONE)
METHODS: Mapping[str, tuple[AuthMethod, ...]] = MappingProxyType(
    {"revocation": AUTH_METHODS, "introspection": CONFIDENTIAL}
)


@dataclass(frozen=True, slots=True)
class HeldTokens:
    """Builds both endpoints from opened parts."""

    settings: Settings
    clock: Clock
    parts: Parts
    authenticator: ClientAuthenticator
    admission: Admission
    audit: AuditSink

    def routers(self) -> tuple[APIRouter, ...]:
        """Make the routes."""
        issuer, algs = self.settings.issuer, frozenset(self.settings.dpop_algs)
        sign = SignedIntrospection(self.parts.keyring, self.clock, issuer).sign
        return (
            revoke.router(self._revocation(), self.admission, uri=issuer + paths.REVOKE, algs=algs),
            introspect.router(
                self._introspection(),
                self.admission,
                sign,
                uri=issuer + paths.INTROSPECT,
                algs=algs,
            ),
        )

    def further_metadata(self) -> dict[str, Any]:
        """Return the members of RFC 9701 §7 for the metadata document."""
        return {"introspection_signing_alg_values_supported": [self.parts.keyring.active().alg]}

    def _revocation(self) -> RevocationEndpoint:
        door = self._door(paths.REVOKE, METHODS["revocation"])
        return RevocationEndpoint(door, self._verifier(), self.parts.database)

    def _introspection(self) -> IntrospectionEndpoint:
        database = self.parts.database
        return IntrospectionEndpoint(
            self._door(paths.INTROSPECT, METHODS["introspection"]),
            self._verifier(),
            database,
            clients=database.clients,
            users=database.users,
            resources=database.resources,
            issuer=self.settings.issuer,
        )

    def _door(self, path: str, methods: tuple[AuthMethod, ...]) -> ClientDoor:
        return ClientDoor(
            self.authenticator,
            self.audit,
            self.clock,
            uri=self.settings.issuer + path,
            methods=methods,
        )

    def _verifier(self) -> AccessTokenVerifier:
        return AccessTokenVerifier(self.parts.keyring, self.clock, self.settings.issuer)
