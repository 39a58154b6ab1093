"""What introspection tells, and whom (RFC 7662 §2.2 and §4, RFC 9449 §6.2).

A caller sees an access token that was issued to it, or that is for a resource server it speaks
for; and a refresh token that was issued to it. Of all others it learns nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from . import scope
from .access_token import AccessToken
from .authorization_details import Details
from .client import Client
from .ports import ResourceServer
from .token_family import RefreshToken, TokenFamily

INACTIVE: Mapping[str, Any] = {"active": False}

_SHOWN = ("client_id", "sub", "aud", "iss", "exp", "iat", "jti", "auth_time", "acr", "cnf", "act")


def may_see(caller: Client, token: AccessToken) -> bool:
    """Whether the access token was issued to the caller, or is for a resource of its."""
    return token.client_id == caller.client_id or bool(own_resources(caller, token))


def own_resources(caller: Client, token: AccessToken) -> tuple[str, ...]:
    """Return the resources in the token's audience that the caller speaks for."""
    return tuple(uri for uri in token.audience if uri in caller.resource_uris)


def of_access_token(token: AccessToken, scopes: frozenset[str], details: Details) -> dict[str, Any]:
    """Describe an active access token, showing these of its scopes and authorization details."""
    members: dict[str, Any] = {
        "active": True,
        # RFC 9449 §6.2, RFC 7662 §2.2: token_type, as of RFC 6749 §5.1.
        "token_type": "Bearer" if token.jkt is None else "DPoP",
    }
    if scopes:
        members["scope"] = scope.render(scopes)
    # RFC 9396 §9.2: the information MUST be conveyed with authorization_details as a top-level
    # member, potentially filtered and extended for the RS making the introspection request.
    if details:
        members["authorization_details"] = list(details)
    return members | {name: token.claims[name] for name in _SHOWN if name in token.claims}


def visible_scopes(token: AccessToken, servers: Sequence[ResourceServer | None]) -> frozenset[str]:
    """Return the scopes that the resource servers know; one without scopes knows all.

    RFC 7662 §2.2: The authorization server MAY limit which scopes from a given token are returned
    for each protected resource.
    """
    known = [server.scopes for server in servers if server is not None]
    if not all(known):
        return token.scopes
    return token.scopes & frozenset[str]().union(*known)


def of_refresh_token(token: RefreshToken, family: TokenFamily, issuer: str) -> dict[str, Any]:
    """Describe an active refresh token.

    Without token_type: it says how an access token is used (RFC 6749 §7.1), and this is none.
    """
    members: dict[str, Any] = {
        "active": True,
        "client_id": family.client_id,
        "sub": family.user_id,
        "iss": issuer,
        "iat": int(token.created_at),
        "exp": int(min(token.expires_at, family.expires_at)),
    }
    if family.scopes:
        members["scope"] = scope.render(family.scopes)
    if family.authorization_details:
        members["authorization_details"] = list(family.authorization_details)
    if family.jkt is not None:
        members["cnf"] = {"jkt": family.jkt}
    return members
