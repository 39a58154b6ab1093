"""Client metadata in the names of RFC 7591 §2 to a Client, and back.

For metadata that a client wrote itself: in a registration request (RFC 7591, RFC 7592) or in a
document at its client_id (draft-ietf-oauth-client-id-metadata-document). In this order::

    base = Client(client_id, client_id, AuthMethod.NONE, unverified=True, created_at=now)
    client = client_metadata.applied(members, base, bounds)  # raises Refused
    client_rules.check(client, policy)  # raises Refused
    answer = client_metadata.metadata_of(client)

``members`` is the JSON object as it came. What it leaves out gets the RFC's default, or that of
``bounds``; only what has no name in a registration request is kept from ``base``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from authlib.oauth2.rfc7591 import (  # type: ignore[import-untyped]  # Authlib ships no types
    ClientMetadataClaims,
)
from joserfc.errors import ClaimError

from ..oauth import redirect_uri, scope
from ..oauth.authorization import RESPONSE_TYPES
from ..oauth.client import ApplicationType, AuthMethod, Client, GrantType
from ..oauth.registration import RESERVED_SCOPES
from . import client_information
from .errors import Refused

SIGN_IN_GRANTS: frozenset[str] = frozenset({GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN})

_TEXTS = frozenset(
    {
        "application_type",
        "client_name",
        "jwks_uri",
        "request_object_signing_alg",
        "scope",
        "token_endpoint_auth_method",
        "token_endpoint_auth_signing_alg",
    }
)
_LISTS = frozenset(
    {"authorization_details_types", "grant_types", "redirect_uris", "response_types"}
)
_SWITCHES = frozenset(
    {
        "dpop_bound_access_tokens",
        "require_pushed_authorization_requests",
        "require_signed_request_object",
    }
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that a client may give itself.

    ``scopes`` is also what one that names no scope gets; ``default_auth_method`` what one that
    names no method gets.
    """

    scopes: frozenset[str] = frozenset()
    grant_types: frozenset[str] = SIGN_IN_GRANTS
    auth_methods: frozenset[AuthMethod] = frozenset(AuthMethod)
    default_auth_method: AuthMethod = AuthMethod.CLIENT_SECRET_BASIC


def applied(members: Mapping[str, Any], base: Client, bounds: Bounds) -> Client:
    """Return ``base`` with this metadata in the place of its own. Raises Refused.

    What concerns every client, whoever registers it, is left to client_rules.
    """
    # RFC 7592 §2.2: omitted fields MUST be treated as null or empty values.
    given = {name: value for name, value in members.items() if value is not None}
    _check_types(given)
    _check_with_library(given)
    grant_types = _grant_types(given, bounds)
    _check_response_types(given, grant_types)
    return replace(
        base,
        client_name=given.get("client_name", base.client_id),
        auth_method=_auth_method(given, bounds),
        application_type=_application_type(given),
        grant_types=grant_types,
        redirect_uris=tuple(given.get("redirect_uris", ())),
        scopes=_scopes(given, bounds),
        jwks=given.get("jwks"),
        jwks_uri=given.get("jwks_uri"),
        dpop_bound_access_tokens=_is_bound(given, base),
        require_pushed_authorization_requests=given.get(
            "require_pushed_authorization_requests", False
        ),
        require_signed_request_object=given.get("require_signed_request_object", False),
        request_object_signing_alg=given.get("request_object_signing_alg"),
        token_endpoint_auth_signing_alg=given.get("token_endpoint_auth_signing_alg"),
        # RFC 9396 §10: the types that it uses; here an administrator gives them, and it may go on.
        authorization_details_types=base.authorization_details_types
        & frozenset(given.get("authorization_details_types", ())),
        metadata=client_information.checked(given),
    )


def metadata_of(client: Client) -> dict[str, Any]:
    """Return what is registered, without ``client_id`` and what else the server made up.

    RFC 7591 §3.2.1: the authorization server MUST return all registered metadata about this client.
    """
    code = GrantType.AUTHORIZATION_CODE in client.grant_types
    members: dict[str, Any] = {
        "client_name": client.client_name,
        "token_endpoint_auth_method": client.auth_method.value,
        "application_type": client.application_type.value,
        "grant_types": sorted(client.grant_types),
        "response_types": list(RESPONSE_TYPES) if code else [],
        "redirect_uris": list(client.redirect_uris),
        "scope": scope.render(client.scopes),
        "jwks": None if client.jwks is None else dict(client.jwks),
        "jwks_uri": client.jwks_uri,
        "dpop_bound_access_tokens": client.dpop_bound_access_tokens,
        "require_pushed_authorization_requests": client.require_pushed_authorization_requests,
        "require_signed_request_object": client.require_signed_request_object,
        "request_object_signing_alg": client.request_object_signing_alg,
        "token_endpoint_auth_signing_alg": client.token_endpoint_auth_signing_alg,
        "authorization_details_types": sorted(client.authorization_details_types) or None,
        **client.metadata,
    }
    return {name: value for name, value in members.items() if value not in (None, "")}


def _check_types(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if name in _TEXTS and not isinstance(value, str):
            raise Refused(name, "expected a string")
        if name in _LISTS and not _is_list_of_texts(value):
            raise Refused(name, "expected an array of strings")
        if name in _SWITCHES and not isinstance(value, bool):
            raise Refused(name, "expected true or false")
    # RFC 7591 §2: jwks: the value of this field MUST be a JSON object containing a valid JWK Set.
    if not isinstance(given.get("jwks", {}), dict):
        raise Refused("jwks", 'expected a JWK set, like {"keys": [{…}]}')
    client_information.check_types(given)


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _check_with_library(given: Mapping[str, Any]) -> None:
    # Not what our own rules read in full and explain: Authlib takes no com.example.app:/callback.
    members = {name: given[name] for name in given if name not in {"jwks", "redirect_uris"}}
    try:
        ClientMetadataClaims(members, {}).validate()
    except ClaimError as error:
        raise Refused(
            error.claim, "expected an absolute URL, without a fragment or a user name"
        ) from None


def _auth_method(given: Mapping[str, Any], bounds: Bounds) -> AuthMethod:
    # RFC 7591 §2: If unspecified or omitted, the default is "client_secret_basic".
    named = given.get("token_endpoint_auth_method", bounds.default_auth_method.value)
    methods = sorted(method.value for method in bounds.auth_methods)
    if named not in methods:
        raise Refused(
            "token_endpoint_auth_method",
            f"expected one of {', '.join(methods)}, received '{named[:100]}'",
        )
    return AuthMethod(named)


def _application_type(given: Mapping[str, Any]) -> ApplicationType:
    named = given.get("application_type")
    if named is None:
        # RFC 7591 has no such member. Who leaves it out and names a redirect URI that only a
        # native app can have is one.
        uris = given.get("redirect_uris", ())
        native = any(redirect_uri.is_claimable(uri) for uri in uris)
        return ApplicationType.NATIVE if native else ApplicationType.WEB
    if named not in {each.value for each in ApplicationType}:
        raise Refused("application_type", f"expected web or native, received '{named[:100]}'")
    return ApplicationType(named)


def _grant_types(given: Mapping[str, Any], bounds: Bounds) -> frozenset[str]:
    # RFC 7591 §2: If omitted, the default behavior is that the client will use only the
    # "authorization_code" Grant Type.
    asked = frozenset(given.get("grant_types", (GrantType.AUTHORIZATION_CODE.value,)))
    if excess := asked - bounds.grant_types:
        raise Refused(
            "grant_types",
            f"a client that registers itself here may have {', '.join(sorted(bounds.grant_types))};"
            f" received '{min(excess)[:100]}'",
        )
    return asked


def _check_response_types(given: Mapping[str, Any], grant_types: frozenset[str]) -> None:
    if "response_types" not in given:
        return
    asked = given["response_types"]
    # RFC 7591 §2.1: a client that uses the response type "code" uses the grant type
    # "authorization_code", and the reverse: the server SHOULD take steps to ensure that a client
    # cannot register itself into an inconsistent state.
    expected = list(RESPONSE_TYPES) if GrantType.AUTHORIZATION_CODE in grant_types else []
    if asked != expected:
        raise Refused(
            "response_types",
            f"expected {expected}, which is what these grant_types need, received {asked}"[:300],
        )


def _is_bound(given: Mapping[str, Any], base: Client) -> bool:
    # RFC 9449 §5.2 has the default false; here tokens are bound to a key, and only an administrator
    # makes an exception.
    asked: bool = given.get("dpop_bound_access_tokens", True)
    if not asked and base.dpop_bound_access_tokens:
        raise Refused(
            "dpop_bound_access_tokens",
            "expected true: the tokens of a client that registers itself are bound to its key",
        )
    return asked


def _scopes(given: Mapping[str, Any], bounds: Bounds) -> frozenset[str]:
    # RFC 7591 §2: If omitted, an authorization server MAY register a client with a default set of
    # scopes.
    allowed = frozenset(each for each in bounds.scopes if not each.startswith(RESERVED_SCOPES))
    if not given.get("scope"):
        return allowed
    asked = frozenset(given["scope"].split())
    if excess := asked - allowed:
        raise Refused(
            "scope",
            f"a client that registers itself here may have '{scope.render(allowed)}' at "
            f"most; received also '{scope.render(excess)[:200]}'",
        )
    return asked
