"""The authorization server's metadata document (RFC 8414 §2), made from what is really served."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import authentication_context, authorization, pkce, signed_jwt


@dataclass(frozen=True, slots=True)
class Served:
    """What this server serves.

    ``endpoints`` maps metadata names ("token_endpoint", "jwks_uri") to paths below the issuer, and
    ``auth_methods`` the metadata name of each endpoint that authenticates clients ("token") to the
    methods it takes. ``scopes`` may be empty where they are not to be told. ``further`` has other
    members as they are.
    """

    endpoints: Mapping[str, str]
    auth_methods: Mapping[str, Sequence[str]]
    assertion_algs: Sequence[str]
    dpop_algs: Sequence[str]
    request_object_algs: Sequence[str] = signed_jwt.ALGS
    scopes: Sequence[str] = ()
    further: Mapping[str, Any] = field(default_factory=dict)


def document(issuer: str, served: Served) -> dict[str, Any]:
    """Build the document."""
    members: dict[str, Any] = {"issuer": issuer}
    members |= {name: issuer + path for name, path in served.endpoints.items()}
    members |= {
        "response_types_supported": list(authorization.RESPONSE_TYPES),
        "response_modes_supported": list(authorization.RESPONSE_MODES),
        "code_challenge_methods_supported": list(pkce.CODE_CHALLENGE_METHODS),
        # RFC 9207 §3: indicating support for the iss parameter.
        "authorization_response_iss_parameter_supported": True,
        # RFC 9449 §5.1: the JWS alg values supported for DPoP proof JWTs.
        "dpop_signing_alg_values_supported": list(served.dpop_algs),
        "scopes_supported": sorted(served.scopes),
        "prompt_values_supported": sorted(authorization.PROMPTS),
        # RFC 9470 §7: signals that the authorization server will understand and honor the
        # acr_values and max_age parameters.
        "acr_values_supported": list(authentication_context.ACR_VALUES),
        # RFC 9126 §5: the presence of pushed_authorization_request_endpoint tells that its own
        # request_uris are taken; others are not. If omitted, the default value is true.
        "request_parameter_supported": True,
        "request_uri_parameter_supported": False,
        # RFC 9101 §10.1: the JWS algorithms for request objects; "none" is none of them.
        "request_object_signing_alg_values_supported": list(served.request_object_algs),
    }
    for name, methods in served.auth_methods.items():
        members |= _authentication(name, methods, served.assertion_algs)
    members |= served.further
    # RFC 8414 §3.2: Claims with zero elements MUST be omitted from the response.
    return {name: value for name, value in members.items() if value not in ([], (), "")}


def _authentication(name: str, methods: Sequence[str], algs: Sequence[str]) -> dict[str, Any]:
    members: dict[str, Any] = {f"{name}_endpoint_auth_methods_supported": sorted(methods)}
    # RFC 8414 §2: This metadata entry MUST be present if either of these authentication methods
    # (private_key_jwt, client_secret_jwt) are specified.
    if "private_key_jwt" in methods:
        members[f"{name}_endpoint_auth_signing_alg_values_supported"] = list(algs)
    return members
