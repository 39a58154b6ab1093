"""What an administrator says about a client: at its registration, and to change it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ..oauth.client import AuthMethod, Client
from .client_types import DEFAULTS, ClientType


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client to be registered; what is None follows from ``type``."""

    type: ClientType
    client_name: str
    redirect_uris: tuple[str, ...] = ()
    scopes: frozenset[str] = frozenset()
    auth_method: AuthMethod | None = None
    grant_types: frozenset[str] | None = None
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    dpop_bound_access_tokens: bool = True
    dpop_bound_refresh_tokens: bool = False
    dpop_nonce: str | None = None
    rotate_refresh_tokens: bool = True
    require_pushed_authorization_requests: bool = False
    require_signed_request_object: bool = False
    request_object_signing_alg: str | None = None
    allowed_origins: tuple[str, ...] = ()
    resource_uris: tuple[str, ...] = ()
    authorization_details_types: frozenset[str] = frozenset()
    client_id: str | None = None

    def to_client(self, client_id: str, created_at: float) -> Client:
        """Fill in the defaults of the type."""
        defaults = DEFAULTS[self.type]
        return Client(
            client_id=client_id,
            client_name=self.client_name,
            auth_method=self.auth_method or defaults.auth_method,
            application_type=defaults.application_type,
            grant_types=defaults.grant_types if self.grant_types is None else self.grant_types,
            redirect_uris=self.redirect_uris,
            scopes=self.scopes,
            jwks=self.jwks,
            jwks_uri=self.jwks_uri,
            dpop_bound_access_tokens=self.dpop_bound_access_tokens,
            dpop_bound_refresh_tokens=self.dpop_bound_refresh_tokens,
            dpop_nonce=self.dpop_nonce,
            rotate_refresh_tokens=self.rotate_refresh_tokens,
            require_pushed_authorization_requests=self.require_pushed_authorization_requests,
            require_signed_request_object=self.require_signed_request_object,
            request_object_signing_alg=self.request_object_signing_alg,
            allowed_origins=self.allowed_origins,
            resource_uris=self.resource_uris,
            authorization_details_types=self.authorization_details_types,
            created_at=created_at,
        )


@dataclass(frozen=True, slots=True)
class ClientChange:
    """What to change; None leaves a member as it is.

    ``dpop_nonce`` "default" takes away the client's own policy, so that the server's holds again;
    ``request_object_signing_alg`` "" ends the use of request objects. Of ``jwks`` and ``jwks_uri``
    the one that is given takes the place of the other.
    """

    client_name: str | None = None
    redirect_uris: tuple[str, ...] | None = None
    scopes: frozenset[str] | None = None
    grant_types: frozenset[str] | None = None
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    dpop_bound_access_tokens: bool | None = None
    dpop_bound_refresh_tokens: bool | None = None
    dpop_nonce: str | None = None
    rotate_refresh_tokens: bool | None = None
    require_pushed_authorization_requests: bool | None = None
    require_signed_request_object: bool | None = None
    request_object_signing_alg: str | None = None
    allowed_origins: tuple[str, ...] | None = None
    resource_uris: tuple[str, ...] | None = None
    authorization_details_types: frozenset[str] | None = None
    exchange_audiences: tuple[str, ...] | None = None
    may_impersonate: bool | None = None
    may_delegate: bool | None = None
    unverified: bool | None = None
    disabled: bool | None = None

    def apply_to(self, client: Client) -> Client:
        """Return the client as it would be afterwards."""
        asked = {
            each.name: value
            for each in fields(self)
            if (value := getattr(self, each.name)) is not None
        }
        if asked.get("dpop_nonce") == "default":
            asked["dpop_nonce"] = None
        if asked.get("request_object_signing_alg") == "":
            asked["request_object_signing_alg"] = None
        # RFC 7591 §2: The "jwks_uri" and "jwks" parameters MUST NOT both be present.
        if (asked.keys() & {"jwks", "jwks_uri"}) == {"jwks"}:
            asked["jwks_uri"] = None
        elif (asked.keys() & {"jwks", "jwks_uri"}) == {"jwks_uri"}:
            asked["jwks"] = None
        return replace(client, **asked)


def changed_members(before: Client, after: Client) -> tuple[str, ...]:
    """Name the members that differ, sorted."""
    return tuple(
        sorted(
            each.name
            for each in fields(Client)
            if getattr(before, each.name) != getattr(after, each.name)
        )
    )
