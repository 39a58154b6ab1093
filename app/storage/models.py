"""The tables. A column bears the name of the domain value's field that it holds (see shape)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, MetaData, String, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ..oauth.client import ApplicationType, AuthMethod, ClientSecret
from ..oauth.token_family import Status
from ..telemetry.audit import EventKind
from .types import Choice, Members, Objects, PosixTime, Secrets, Texts, Words

# SQLite counts only an INTEGER key up by itself.
_Serial = BigInteger().with_variant(Integer(), "sqlite")
_Object = JSON(none_as_null=True)


class Base(DeclarativeBase):
    """The root of all tables. Constraints have names, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )
    type_annotation_map = {str: String}  # noqa: RUF012  # declared so by SQLAlchemy


class ClientRow(Base):
    """oauth.client.Client. ``version`` counts the changes."""

    __tablename__ = "clients"

    client_id: Mapped[str] = mapped_column(primary_key=True)
    client_name: Mapped[str]
    auth_method: Mapped[AuthMethod] = mapped_column(Choice(AuthMethod))
    application_type: Mapped[ApplicationType] = mapped_column(Choice(ApplicationType))
    grant_types: Mapped[frozenset[str]] = mapped_column(Words)
    redirect_uris: Mapped[tuple[str, ...]] = mapped_column(Texts)
    scopes: Mapped[frozenset[str]] = mapped_column(Words)
    secrets: Mapped[tuple[ClientSecret, ...]] = mapped_column(Secrets)
    jwks: Mapped[Mapping[str, Any] | None] = mapped_column(_Object)
    jwks_uri: Mapped[str | None]
    dpop_bound_access_tokens: Mapped[bool]
    dpop_bound_refresh_tokens: Mapped[bool]
    dpop_nonce: Mapped[str | None]
    rotate_refresh_tokens: Mapped[bool]
    require_pushed_authorization_requests: Mapped[bool]
    require_signed_request_object: Mapped[bool]
    request_object_signing_alg: Mapped[str | None]
    token_endpoint_auth_signing_alg: Mapped[str | None]
    allowed_origins: Mapped[tuple[str, ...]] = mapped_column(Texts)
    resource_uris: Mapped[tuple[str, ...]] = mapped_column(Texts)
    authorization_details_types: Mapped[frozenset[str]] = mapped_column(Words)
    exchange_audiences: Mapped[tuple[str, ...]] = mapped_column(Texts)
    may_impersonate: Mapped[bool]
    may_delegate: Mapped[bool]
    unverified: Mapped[bool]
    disabled: Mapped[bool]
    created_at: Mapped[float] = mapped_column(PosixTime)
    extra: Mapped[Mapping[str, Any]] = mapped_column("metadata", _Object)
    version: Mapped[int] = mapped_column(server_default=text("1"))


class RegistryRow(Base):
    """One row: ``version`` counts the changes of clients and resource servers."""

    __tablename__ = "registry"

    serial: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(_Serial)


class ClientOriginRow(Base):
    """An origin of a browser client (oauth.origin), looked for by the origin alone."""

    __tablename__ = "client_origins"

    origin: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(
        ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True, index=True
    )


class RegistrationRow(Base):
    """oauth.registration.Registration. It goes with its client."""

    __tablename__ = "registrations"

    client_id: Mapped[str] = mapped_column(
        ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True
    )
    token_hash: Mapped[str]
    created_at: Mapped[float] = mapped_column(PosixTime)
    initial_token: Mapped[str | None]
    previous_hash: Mapped[str | None]
    request_hash: Mapped[str | None]
    salt: Mapped[str | None]
    rotated_at: Mapped[float | None] = mapped_column(PosixTime)


class InitialTokenRow(Base):
    """oauth.registration.InitialToken."""

    __tablename__ = "initial_tokens"

    token_id: Mapped[str] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    note: Mapped[str]
    scopes: Mapped[frozenset[str]] = mapped_column(Words)
    grant_types: Mapped[frozenset[str]] = mapped_column(Words)
    uses_left: Mapped[int]
    created_at: Mapped[float] = mapped_column(PosixTime)
    expires_at: Mapped[float] = mapped_column(PosixTime)


class UserRow(Base):
    """storage.users.User. ``email_key`` is the address without case, as sign-in looks for it."""

    __tablename__ = "users"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    password_hash: Mapped[str]
    is_admin: Mapped[bool]
    disabled: Mapped[bool]
    created_at: Mapped[float] = mapped_column(PosixTime)


class ResourceServerRow(Base):
    """oauth.ports.ResourceServer."""

    __tablename__ = "resource_servers"

    uri: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    scopes: Mapped[frozenset[str]] = mapped_column(Words)
    access_token_lifetime: Mapped[int | None]


class DetailsTypeRow(Base):
    """oauth.details_type.DetailsType."""

    __tablename__ = "authorization_details_types"

    type: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    schema: Mapped[Mapping[str, Any]] = mapped_column(_Object)
    resource_uri: Mapped[str | None]
    ask_always: Mapped[bool]


class ConsentRow(Base):
    """oauth.ports.Consent. ``given_at`` is when it was last given or widened."""

    __tablename__ = "consents"

    user_id: Mapped[str] = mapped_column(
        ForeignKey("users.user_id", ondelete="CASCADE"), primary_key=True
    )
    client_id: Mapped[str] = mapped_column(primary_key=True, index=True)
    scopes: Mapped[frozenset[str]] = mapped_column(Members)
    resources: Mapped[frozenset[str]] = mapped_column(Members)
    authorization_details: Mapped[tuple[Mapping[str, Any], ...] | None] = mapped_column(Objects)
    given_at: Mapped[float] = mapped_column(PosixTime)


class FamilyRow(Base):
    """oauth.token_family.TokenFamily.

    ``born`` is false for the mark that a replay leaves before its family is there. ``code_hash``
    is the only unique value: PostgreSQL's ON CONFLICT heeds one index, and a second, which two
    transactions may reach at once, would raise in its place. ``family_id`` follows from the code.
    """

    __tablename__ = "token_families"

    serial: Mapped[int] = mapped_column(_Serial, primary_key=True)
    family_id: Mapped[str] = mapped_column(index=True)
    client_id: Mapped[str] = mapped_column(index=True)
    user_id: Mapped[str] = mapped_column(index=True)
    scopes: Mapped[frozenset[str]] = mapped_column(Words)
    resources: Mapped[tuple[str, ...]] = mapped_column(Texts)
    jkt: Mapped[str | None]
    auth_time: Mapped[float] = mapped_column(PosixTime)
    created_at: Mapped[float] = mapped_column(PosixTime)
    expires_at: Mapped[float] = mapped_column(PosixTime, index=True)
    code_hash: Mapped[str | None] = mapped_column(unique=True)
    code_fingerprint: Mapped[str | None]
    status: Mapped[Status] = mapped_column(Choice(Status))
    acr: Mapped[str | None]
    authorization_details: Mapped[tuple[Mapping[str, Any], ...] | None] = mapped_column(Objects)
    born: Mapped[bool]


class RefreshTokenRow(Base):
    """oauth.token_family.RefreshToken. Found only together with its family."""

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    family_id: Mapped[str] = mapped_column(index=True)
    salt: Mapped[str]
    created_at: Mapped[float] = mapped_column(PosixTime)
    expires_at: Mapped[float] = mapped_column(PosixTime)
    status: Mapped[Status] = mapped_column(Choice(Status))
    rotated_at: Mapped[float | None] = mapped_column(PosixTime)
    successor_hash: Mapped[str | None]


class RevokedTokenRow(Base):
    """An access token revoked by itself, until it expires."""

    __tablename__ = "revoked_tokens"

    jti: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[float] = mapped_column(PosixTime, index=True)


class FirstMemoryRow(Base):
    """The one row of storage.first_memory."""

    __tablename__ = "first_memory"

    serial: Mapped[int] = mapped_column(_Serial, primary_key=True, autoincrement=False)
    name: Mapped[str]


class SigningKeyRow(Base):
    """storage.keys.StoredKey. One key at most is active."""

    __tablename__ = "signing_keys"
    __table_args__ = (
        Index(
            "uq_signing_keys_active",
            "state",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
    )

    kid: Mapped[str] = mapped_column(primary_key=True)
    alg: Mapped[str]
    state: Mapped[str]
    public_jwk: Mapped[str]
    sealed_private_jwk: Mapped[str]
    created_at: Mapped[float] = mapped_column(PosixTime)
    activated_at: Mapped[float | None] = mapped_column(PosixTime)
    retired_at: Mapped[float | None] = mapped_column(PosixTime)


class AuditEventRow(Base):
    """telemetry.audit.AuditEvent. Append-only."""

    __tablename__ = "audit_events"
    __table_args__ = (Index(None, "client_id", "serial"),)

    serial: Mapped[int] = mapped_column(_Serial, primary_key=True)
    at: Mapped[float] = mapped_column(PosixTime, index=True)
    kind: Mapped[EventKind] = mapped_column(Choice(EventKind))
    client_id: Mapped[str | None]
    user_id: Mapped[str | None]
    family_id: Mapped[str | None]
    jkt: Mapped[str | None]
    check: Mapped[str | None]
    address: Mapped[str | None]
    request_id: Mapped[str | None]
    details: Mapped[Mapping[str, str]] = mapped_column(_Object)
