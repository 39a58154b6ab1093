"""What several features use: built once, from the settings and the opened parts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from ..clock import Clock
from ..dpop.admission import Admission
from ..management.client_rules import Policy
from ..oauth.authorization_request_endpoint import RequestChecks
from ..oauth.client import AuthMethod
from ..oauth.client_auth import ClientAuthenticator
from ..oauth.client_endpoint import ClientDoor
from ..oauth.details_endpoint import DetailsReader
from ..oauth.grants.liveness import Liveness
from ..oauth.grants.minting import Mint
from ..oauth.lifetimes import Lifetimes
from ..oauth.ports import Resources, ResourceServer
from ..oauth.profile import Profile
from ..parts import Parts
from ..settings import Settings
from ..state.memory import MemoryState
from ..state.redis import RedisState
from ..storage.database import SqlDatabase
from ..telemetry.metrics import CountingAudit, Metrics
from ..tokens.access_tokens import SignedAccessTokens
from ..tokens.verification import AccessTokenVerifier
from .client_sources import ClientSources, client_sources
from .own_resources import OwnResources, own_resources

State = MemoryState | RedisState


@dataclass(frozen=True)
class Services:
    """One server's settings, parts and stores, and the services made of them."""

    settings: Settings
    clock: Clock
    parts: Parts
    state: State
    metrics: Metrics

    @property
    def database(self) -> SqlDatabase:
        return self.parts.database

    @property
    def issuer(self) -> str:
        return self.settings.issuer

    @property
    def profile(self) -> Profile:
        """What the deployment demands beyond the RFCs."""
        return self.settings.rules

    @property
    def client_policy(self) -> Policy:
        """What every client must keep to, whoever registers it."""
        settings = self.settings
        return Policy(settings.allow_bearer, settings.is_on_loopback, settings.rules)

    @property
    def dpop_algs(self) -> frozenset[str]:
        """The proof algorithms taken."""
        return frozenset(self.settings.dpop_algs)

    def uri(self, path: str) -> str:
        """Return the endpoint's URL, as clients must call it."""
        return self.settings.issuer + path

    @cached_property
    def audit(self) -> CountingAudit:
        return CountingAudit(self.database.audit_writer, self.metrics)

    @cached_property
    def admission(self) -> Admission:
        return Admission(
            self.state.proofs,
            self.clock,
            self.settings.dpop_nonce,
            allow_bearer=self.settings.allow_bearer,
            latest=self.profile.latest,
        )

    @cached_property
    def client_sources(self) -> ClientSources:
        return client_sources(self.settings, self.clock, self.database)

    @cached_property
    def authenticator(self) -> ClientAuthenticator:
        return ClientAuthenticator(
            self.client_sources.clients,
            self.state.assertions,
            self.state.attempts,
            self.clock,
            issuer=self.issuer,
            profile=self.profile,
            client_keys=self.client_sources.keys,
        )

    def door(self, path: str, methods: Collection[AuthMethod]) -> ClientDoor:
        """Make the door of an endpoint that clients of these methods call."""
        return ClientDoor(
            self.authenticator, self.audit, self.clock, uri=self.uri(path), methods=methods
        )

    @cached_property
    def lifetimes(self) -> Lifetimes:
        settings = self.settings
        return Lifetimes(
            access_token=settings.access_token_lifetime,
            bearer_token=settings.bearer_token_lifetime,
            refresh_token=settings.refresh_token_lifetime,
            code=settings.code_lifetime,
        )

    @cached_property
    def mint(self) -> Mint:
        access_tokens = SignedAccessTokens(self.parts.keyring, self.clock, self.issuer)
        return Mint(access_tokens, self.lifetimes)

    @cached_property
    def liveness(self) -> Liveness:
        """Knows whether a verified token was revoked since."""
        return Liveness(self.database, self.client_sources.known, self.database.users)

    @cached_property
    def own_resources(self) -> Mapping[str, ResourceServer]:
        """The protected resources that this server is itself, by their URI."""
        return own_resources(self.settings)

    @cached_property
    def resources(self) -> Resources:
        """Finds protected resources, registered ones and this server's own."""
        return OwnResources(self.own_resources, self.database.resources)

    @cached_property
    def verifier(self) -> AccessTokenVerifier:
        """Verifies access tokens of this server."""
        return AccessTokenVerifier(self.parts.keyring, self.clock, self.issuer)

    @cached_property
    def details(self) -> DetailsReader:
        """Holds authorization details to the registered types."""
        return DetailsReader(self.database.details_types, self.resources)

    @cached_property
    def request_checks(self) -> RequestChecks:
        return RequestChecks(
            self.resources,
            self.details,
            issuer=self.issuer,
            profile=self.profile,
            client_keys=self.client_sources.keys,
        )
