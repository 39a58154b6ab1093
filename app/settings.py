"""Every setting, from the environment. Only main, the command line and migrations read this."""

import os
import re
from collections.abc import Iterable
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from .oauth.profile import PROFILES, Profile
from .outbound.addresses import LOOPBACK
from .setting_types import Algorithms, Hosts, Networks, ScopesForStrangers, Seconds, Words

PREFIX = "HOLDFAST_"
SECRETS_DIR = PREFIX + "SECRETS_DIR"
MAX_ACCESS_TOKEN_LIFETIME = 3600
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

# A Kubernetes Service called "holdfast" injects these into every pod; they are nobody's settings.
_INJECTED = re.compile(r"HOLDFAST_(SERVICE_.*|PORT(_.*)?)")


class SettingsError(Exception):
    """A setting is wrong or unknown; the message is one line that says which and what to do."""


class Settings(BaseSettings):
    """The deployment's settings. Lifetimes are whole seconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    issuer: str = Field(
        default="http://127.0.0.1:8000",
        description="The server's public base URL, and the iss of its tokens.",
    )
    profile: Literal["none", "fapi2"] = Field(
        default="none",
        description="fapi2: the rules of the FAPI 2.0 Security Profile, for settings, clients and "
        "requests.",
    )
    data_dir: Path = Field(
        default=Path(".holdfast"),
        description="Holds the SQLite database and the generated secret; mode 0700.",
    )
    secrets_dir: Path | None = Field(
        default=None,
        description="Files named like settings, in lower case, each holding one: for secrets. "
        "The environment comes first.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="postgresql://user:password@host/name. Unset: SQLite in the data directory.",
    )
    redis_url: SecretStr | None = Field(
        default=None,
        description="redis://, rediss://, redis+sentinel:// or redis+cluster://. Unset: memory.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="Encrypts signing keys at rest. Required once the database is not SQLite.",
    )
    secret_key_previous: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="The secret before a rotation, until `holdfast key reencrypt` has run.",
    )
    dpop_nonce: Literal["off", "auto", "required"] = Field(
        default="auto", description="The nonce policy (RFC 9449 §8) of clients without their own."
    )
    dpop_algs: Algorithms = Field(
        default=(
            "ES256",
            "ES384",
            "ES512",
            "EdDSA",
            "Ed25519",
            "PS256",
            "PS384",
            "PS512",
            "RS256",
        ),
        description="Proof algorithms taken, comma-separated.",
    )
    allow_bearer: bool = Field(
        default=False,
        description="Let a client registered for it have short-lived tokens bound to no key.",
    )
    default_audience: str | None = Field(
        default=None, description="aud of tokens for no named resource. Unset: the issuer."
    )
    access_token_lifetime: Seconds = Field(default=300, description="Seconds.")
    bearer_token_lifetime: Seconds = Field(
        default=60, description="Seconds, for tokens bound to no key."
    )
    refresh_token_lifetime: Seconds = Field(
        default=int(timedelta(days=30).total_seconds()),
        description="Seconds from sign-in until the whole token family ends.",
    )
    code_lifetime: Annotated[int, Field(gt=0, le=600)] = Field(
        default=60, description="Seconds; RFC 6749 §4.1.2 allows ten minutes at most."
    )
    par_lifetime: Annotated[int, Field(gt=0, le=600)] = Field(
        default=60, description="Seconds within which a browser must open a pushed request."
    )
    require_par: bool = Field(
        default=False,
        description="Take authorization requests of all clients through /par only (RFC 9126).",
    )
    device_code_lifetime: Annotated[int, Field(gt=0, le=3600)] = Field(
        default=600, description="Seconds that a person has to answer a device (RFC 8628)."
    )
    device_poll_interval: Annotated[int, Field(gt=0, le=60)] = Field(
        default=5, description="Seconds that a device waits between two polls."
    )
    client_id_metadata_documents: bool = Field(
        default=False,
        description="Take https URLs as client_id, and what the document there says of the client.",
    )
    client_id_metadata_hosts: Hosts = Field(
        default=(),
        description="The only hosts of such URLs, comma-separated; *.example.com for all below it. "
        "Unset: any.",
    )
    client_id_metadata_scopes: ScopesForStrangers = Field(
        default=(),
        description="The scopes that such a client may ask for, comma-separated.",
    )
    outbound_networks: Networks = Field(
        default=(),
        description="Networks that are not public, comma-separated, from which the jwks_uri of "
        "registered clients may be read, and the documents of client_id_metadata_hosts.",
    )
    session_lifetime: Seconds = Field(
        default=int(timedelta(hours=12).total_seconds()),
        description="Seconds until a signed-in browser must sign in again.",
    )
    start_timeout: Seconds = Field(
        default=60, description="Seconds to wait at the start for the database and Redis."
    )
    drain_seconds: Annotated[float, Field(ge=0, le=3600)] = Field(
        default=1,
        description="Seconds from SIGTERM, and from /health/ready turning 503, until the server "
        "takes no more connections. Give balancers that ask /health/ready time to notice.",
    )
    keep_alive_seconds: Seconds = Field(
        default=75,
        description="Seconds until an idle connection is closed. Must be longer than a proxy "
        "keeps one to reuse, or it sends a request into a connection that just closed.",
    )
    metrics: Literal["off", "on"] | None = Field(
        default=None,
        description="Whether /metrics is there, for Prometheus. Unset: on loopback issuers only.",
    )
    registration: Literal["off", "token", "open"] = Field(
        default="off",
        description="Who may register clients at /register (RFC 7591): nobody, who has an initial "
        "access token (`holdfast registration-token add`), or anybody.",
    )
    registration_scopes: ScopesForStrangers = Field(
        default=(), description="The scopes that such a client may ask for, comma-separated."
    )
    registration_limit: Annotated[int, Field(gt=0)] = Field(
        default=1000, description="Clients that anybody registered, at most."
    )
    software_statement_issuers: Path | None = Field(
        default=None,
        description="A JSON file: each iss whose software statements are taken, with its JWK set.",
    )
    demo_resource: Literal["off", "on"] | None = Field(
        default=None,
        description="Whether /demo/resource is there, a protected resource to try tokens on. "
        "Unset: on loopback issuers only.",
    )
    explorer: Literal["off", "on"] | None = Field(
        default=None,
        description="Whether the proof inspector, /explorer/inspect, is there. Unset: on loopback "
        "issuers only.",
    )
    trusted_proxies: Words = Field(
        default=(),
        description="Addresses or networks whose X-Forwarded-For is believed, comma-separated.",
    )
    forward_auth_proxies: Networks = Field(
        default=(),
        description="Addresses or networks of the proxies that may ask /forward-auth, "
        "comma-separated.",
    )
    forward_auth_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="What a proxy sends as X-Forward-Auth-Secret to be one of them. With neither, "
        "/forward-auth is not there.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least severe lines that are logged."
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="text for people, json for machines; both to stderr."
    )

    @model_validator(mode="before")
    @classmethod
    def _what_is_unset_follows_the_profile(cls, given: dict[str, object]) -> dict[str, object]:
        profile = PROFILES.get(str(given.get("profile", "none")))
        rules = profile.settings if profile else ()
        defaults = {rule.name: rule.default for rule in rules if rule.default is not None}
        return {**defaults, **given}

    @field_validator("issuer")
    @classmethod
    def _issuer_is_a_base_url(cls, issuer: str) -> str:
        parts = urlsplit(issuer)
        # RFC 8414 §2: a URL that uses the "https" scheme and has no query or fragment components.
        if (
            parts.scheme not in {"http", "https"}
            or not parts.hostname
            or "?" in issuer
            or "#" in issuer
        ):
            message = "must be an https URL without query or fragment"
            raise ValueError(message)
        if parts.username is not None or parts.password is not None:
            message = "must not hold a user name or password"
            raise ValueError(message)
        if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
            message = "must be https; http is accepted on 127.0.0.1, ::1 and localhost only"
            raise ValueError(message)
        if parts.path:
            message = (
                "must not have a path, nor end with a slash: give the server a host of its own"
            )
            raise ValueError(message)
        return issuer

    @field_validator("database_url")
    @classmethod
    def _database_is_known(cls, url: SecretStr | None) -> SecretStr | None:
        schemes = ("postgresql://", "postgresql+asyncpg://", "sqlite:///", "sqlite+aiosqlite:///")
        if url is not None and not url.get_secret_value().startswith(schemes):
            message = "must start with postgresql:// or sqlite:///"
            raise ValueError(message)
        return url

    @model_validator(mode="after")
    def _a_shared_database_needs_a_secret(self) -> "Settings":
        url = self.database_url.get_secret_value() if self.database_url else "sqlite"
        if self.secret_key is None and not url.startswith("sqlite"):
            message = "HOLDFAST_SECRET_KEY is required once the database is not SQLite"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _what_is_set_keeps_to_the_profile(self) -> "Settings":
        for rule in self.rules.settings:
            if not rule.keeps(getattr(self, rule.name)):
                message = f"{PREFIX}{rule.name.upper()}: {self.rules.said(rule)}"
                raise ValueError(message)
        return self

    @property
    def rules(self) -> Profile:
        """What the profile demands."""
        return PROFILES[self.profile]

    @model_validator(mode="after")
    def _only_a_server_on_loopback_asks_there(self) -> "Settings":
        # draft-ietf-oauth-client-id-metadata-document §6.5: except when the authorization server
        # itself is also running on a loopback address.
        asked = [
            network
            for network in self.outbound_networks
            if any(ip_network(network).overlaps(own) for own in LOOPBACK)
        ]
        if asked and not self.is_on_loopback:
            message = (
                f"HOLDFAST_OUTBOUND_NETWORKS: {asked[0]} is this machine's own network, and may be "
                "named only while the issuer is on loopback"
            )
            raise ValueError(message)
        return self

    @property
    def is_on_loopback(self) -> bool:
        """Whether only this machine reaches the server."""
        return urlsplit(self.issuer).hostname in LOOPBACK_HOSTS

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach the server by https."""
        return self.issuer.startswith("https://")

    @property
    def serves_metrics(self) -> bool:
        """Whether /metrics is there."""
        return self._is_on(self.metrics)

    @property
    def serves_demo_resource(self) -> bool:
        """Whether /demo/resource is there."""
        return self._is_on(self.demo_resource)

    @property
    def serves_explorer(self) -> bool:
        """Whether the proof inspector is there."""
        return self._is_on(self.explorer)

    def _is_on(self, switch: str | None) -> bool:
        if switch is None:
            return urlsplit(self.issuer).hostname in LOOPBACK_HOSTS
        return switch == "on"

    @property
    def sql_url(self) -> str:
        """The URL of the database: SQLite in the data directory unless another is set."""
        if self.database_url is None:
            return f"sqlite:///{quote(str(self.data_dir.absolute() / 'holdfast.db'))}"
        return self.database_url.get_secret_value()

    @property
    def longest_token_lifetime(self) -> int:
        """Seconds that no access token outlives, whatever a resource server asks for."""
        return max(self.access_token_lifetime, MAX_ACCESS_TOKEN_LIFETIME)

    @property
    def audience(self) -> str:
        """Aud of a token for no named resource."""
        return self.default_audience or self.issuer


def load_settings(**overrides: object) -> Settings:
    """Read the environment, and the files of HOLDFAST_SECRETS_DIR.

    Raises SettingsError with one clear line.
    """
    _check_names(sorted(os.environ))
    directory = _secrets_dir()
    try:
        return Settings(_secrets_dir=directory, **overrides)  # type: ignore[arg-type]  # pydantic checks the values
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = PREFIX + str(first["loc"][0]).upper() + ": " if first["loc"] else ""
        raise SettingsError(name + first["msg"].removeprefix("Value error, ")) from None
    except OSError as error:
        raise SettingsError(f"{error.filename}: {error.strerror}") from None


def _secrets_dir() -> Path | None:
    """Return the directory of the files that hold settings, their names checked."""
    given = os.environ.get(SECRETS_DIR)
    if not given:
        return None
    try:
        names = [entry.name for entry in sorted(Path(given).iterdir())]
    except OSError as error:
        raise SettingsError(f"{SECRETS_DIR}: {given}: {error.strerror}") from None
    _check_names([name.upper() for name in names])
    return Path(given)


def _check_names(names: Iterable[str]) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in names:
        if name.startswith(PREFIX) and name not in known and not _INJECTED.fullmatch(name):
            message = (
                f"{name} is not a setting of this server; see docs/settings.md for those that are"
            )
            raise SettingsError(message)
