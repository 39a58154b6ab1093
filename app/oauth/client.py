"""A registered client (RFC 7591 §2) as the protocol sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class AuthMethod(StrEnum):
    """token_endpoint_auth_method (RFC 7591 §2)."""

    NONE = "none"
    CLIENT_SECRET_BASIC = "client_secret_basic"
    CLIENT_SECRET_POST = "client_secret_post"
    PRIVATE_KEY_JWT = "private_key_jwt"


class ApplicationType(StrEnum):
    """application_type: native apps may redirect to loopback and private schemes (RFC 8252)."""

    WEB = "web"
    NATIVE = "native"


class GrantType(StrEnum):
    """grant_type values this server implements."""

    AUTHORIZATION_CODE = "authorization_code"
    REFRESH_TOKEN = "refresh_token"
    CLIENT_CREDENTIALS = "client_credentials"
    DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
    TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """One of a client's secrets: its SHA-256, and when it stops working (POSIX seconds)."""

    hash: str
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client.

    ``scopes`` is what it may ask for. ``jwks`` holds the public keys of ``private_key_jwt``
    and of request objects, which it may sign with ``request_object_signing_alg`` (RFC 9101);
    ``jwks_uri`` is where they are to be had instead (see ports.ClientKeys).
    ``dpop_nonce`` overrides the server's nonce policy ("off", "auto" or "required").
    ``dpop_bound_refresh_tokens`` ties a confidential client's refresh tokens to the key; those of a
    public client always are (RFC 9449 §5). ``resource_uris`` are the resource servers that it
    speaks for: it may introspect the tokens for them (RFC 7662 §4).
    ``authorization_details_types`` are the types that it may use (RFC 9396 §10). ``unverified``: it
    registered itself, so no administrator stands for its name and what else it says of itself.
    ``exchange_audiences`` are the resource servers that it may exchange tokens for (RFC 8693): as
    the subject alone if ``may_impersonate``, with an actor if ``may_delegate``.
    """

    client_id: str
    client_name: str
    auth_method: AuthMethod
    application_type: ApplicationType = ApplicationType.WEB
    grant_types: frozenset[str] = frozenset({GrantType.AUTHORIZATION_CODE})
    redirect_uris: tuple[str, ...] = ()
    scopes: frozenset[str] = frozenset()
    secrets: tuple[ClientSecret, ...] = ()
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    dpop_bound_access_tokens: bool = True
    dpop_bound_refresh_tokens: bool = False
    dpop_nonce: str | None = None
    rotate_refresh_tokens: bool = True
    require_pushed_authorization_requests: bool = False
    require_signed_request_object: bool = False
    request_object_signing_alg: str | None = None
    token_endpoint_auth_signing_alg: str | None = None
    allowed_origins: tuple[str, ...] = ()
    resource_uris: tuple[str, ...] = ()
    authorization_details_types: frozenset[str] = frozenset()
    exchange_audiences: tuple[str, ...] = ()
    may_impersonate: bool = False
    may_delegate: bool = False
    unverified: bool = False
    disabled: bool = False
    created_at: float = 0.0
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_public(self) -> bool:
        """Whether the client cannot keep a secret (RFC 6749 §2.1)."""
        return self.auth_method is AuthMethod.NONE
