"""What administrators see, as JSON objects. Never a secret. Times are POSIX seconds."""

from typing import TYPE_CHECKING, Any

from ..oauth import scope
from ..oauth.client import Client
from ..oauth.details_type import DetailsType
from ..oauth.ports import ResourceServer
from ..oauth.registration import InitialToken
from ..tokens.ports import SealedKey

if TYPE_CHECKING:
    from ..storage.users import User


def client_view(client: Client) -> dict[str, Any]:
    """Return a client's metadata in the names of RFC 7591 §2."""
    return {
        "client_id": client.client_id,
        "client_name": client.client_name,
        "client_id_issued_at": int(client.created_at),
        "disabled": client.disabled,
        "token_endpoint_auth_method": client.auth_method.value,
        "application_type": client.application_type.value,
        "grant_types": sorted(client.grant_types),
        "redirect_uris": list(client.redirect_uris),
        "scope": scope.render(client.scopes),
        "jwks": None if client.jwks is None else dict(client.jwks),
        "jwks_uri": client.jwks_uri,
        "allowed_origins": list(client.allowed_origins),
        "resource_uris": list(client.resource_uris),
        "authorization_details_types": sorted(client.authorization_details_types),
        "exchange_audiences": list(client.exchange_audiences),
        "may_impersonate": client.may_impersonate,
        "may_delegate": client.may_delegate,
        "dpop_bound_access_tokens": client.dpop_bound_access_tokens,
        "dpop_bound_refresh_tokens": client.is_public or client.dpop_bound_refresh_tokens,
        "dpop_nonce": client.dpop_nonce,
        "rotate_refresh_tokens": client.rotate_refresh_tokens,
        "require_pushed_authorization_requests": client.require_pushed_authorization_requests,
        "require_signed_request_object": client.require_signed_request_object,
        "request_object_signing_alg": client.request_object_signing_alg,
        "unverified": client.unverified,
        "client_secrets": [{"expires_at": each.expires_at} for each in client.secrets],
    }


def user_view(user: "User") -> dict[str, Any]:
    """Return a person, without what is stored of the password."""
    return {
        "user_id": user.user_id,
        "email": user.email,
        "display_name": user.display_name,
        "is_admin": user.is_admin,
        "disabled": user.disabled,
        "created_at": int(user.created_at),
    }


def details_type_view(found: DetailsType) -> dict[str, Any]:
    """Return a type of authorization details."""
    return {
        "type": found.type,
        "name": found.name,
        "resource_uri": found.resource_uri,
        "ask_always": found.ask_always,
        "schema": dict(found.schema),
    }


def resource_view(resource: ResourceServer) -> dict[str, Any]:
    """Return a resource server."""
    return {
        "uri": resource.uri,
        "name": resource.name,
        "scope": scope.render(resource.scopes),
        "access_token_lifetime": resource.access_token_lifetime,
    }


def registration_token_view(token: InitialToken) -> dict[str, Any]:
    """Return an initial access token, without its hash."""
    return {
        "token_id": token.token_id,
        "note": token.note,
        "uses_left": token.uses_left,
        "expires_at": int(token.expires_at),
        "scope": scope.render(token.scopes),
        "grant_types": sorted(token.grant_types),
        "created_at": int(token.created_at),
    }


def key_view(key: SealedKey) -> dict[str, Any]:
    """Return a signing key, without its private half."""
    return {
        "kid": key.kid,
        "alg": key.alg,
        "state": key.state,
        "created_at": int(key.created_at),
        "activated_at": None if key.activated_at is None else int(key.activated_at),
        "retired_at": None if key.retired_at is None else int(key.retired_at),
    }
