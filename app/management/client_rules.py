"""What every registered client must keep to, whoever registers it (RFC 7591 §2, RFC 9700 §2)."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from ..oauth import redirect_uri, scope
from ..oauth.client import ApplicationType, AuthMethod, Client, GrantType
from ..oauth.errors import OAuthError
from ..oauth.profile import NO_PROFILE, Profile
from ..oauth.signed_jwt import ALGS
from . import client_jwks
from .errors import Refused

MAX_NAME = 100
MAX_URIS = 20
MAX_SCOPES = 100
NONCE_POLICIES = ("off", "auto", "required")


@dataclass(frozen=True, slots=True)
class Policy:
    """What this deployment allows. ``on_loopback``: its issuer is http on a loopback host.

    ``profile`` is the security profile that its clients must keep to.
    """

    allow_bearer: bool = False
    on_loopback: bool = False
    profile: Profile = NO_PROFILE


def check(client: Client, policy: Policy) -> None:
    """Raise Refused, naming the member, for the first rule that the client breaks."""
    check_name(client.client_name)
    _check_grants(client)
    _check_redirect_uris(client, policy)
    _check_scopes(client)
    _check_keys(client, policy)
    _check_assertions(client)
    _check_request_objects(client)
    _check_origins(client, policy)
    _check_resources(client)
    _check_exchange(client)
    _check_dpop(client, policy)
    _check_profile(client, policy.profile)


def check_name(name: str, member: str = "client_name") -> None:
    """Raise Refused unless people can read it, and nothing else, on the consent page."""
    if not name or name != name.strip() or not name.isprintable():
        raise Refused(member, "expected a name of printable characters")
    if len(name) > MAX_NAME:
        raise Refused(member, f"expected at most {MAX_NAME} characters, received {len(name)}")


def _check_grants(client: Client) -> None:
    known = {grant.value for grant in GrantType}
    if unknown := client.grant_types - known:
        raise Refused(
            "grant_types",
            f"expected some of {', '.join(sorted(known))}, received '{min(unknown)}'",
        )
    if not client.grant_types:
        raise Refused("grant_types", "without a grant type the client could not get a token")
    # RFC 6749 §4.4: The client credentials grant type MUST only be used by confidential clients.
    if client.is_public and GrantType.CLIENT_CREDENTIALS in client.grant_types:
        raise Refused(
            "grant_types",
            "client_credentials is for confidential clients only, and this one is public",
        )
    # RFC 6749 §4.4.3: A refresh token SHOULD NOT be included in a client credentials answer.
    by_a_person = {GrantType.AUTHORIZATION_CODE, GrantType.DEVICE_CODE}
    if GrantType.REFRESH_TOKEN in client.grant_types and not by_a_person & client.grant_types:
        raise Refused(
            "grant_types",
            "refresh_token needs authorization_code or the device grant, which beget the refresh "
            "token",
        )


def _check_redirect_uris(client: Client, policy: Policy) -> None:
    uris = client.redirect_uris
    if GrantType.AUTHORIZATION_CODE not in client.grant_types:
        if uris:
            raise Refused(
                "redirect_uris", "only a client with the grant authorization_code has redirect URIs"
            )
        return
    # RFC 6749 §3.1.2.2: clients MUST be required to register their redirection endpoint.
    if not uris:
        raise Refused(
            "redirect_uris",
            "a client that signs people in needs at least one redirect URI, like "
            "https://client.example/callback",
        )
    if len(uris) > MAX_URIS:
        raise Refused("redirect_uris", f"expected at most {MAX_URIS}, received {len(uris)}")
    if len(set(uris)) != len(uris):
        raise Refused("redirect_uris", "the same redirect URI is there twice")
    for uri in uris:
        try:
            redirect_uri.check_registration(uri, _rules_for(uri, client, policy))
        except OAuthError as error:
            raise Refused("redirect_uris", error.description) from None


def _rules_for(uri: str, client: Client, policy: Policy) -> ApplicationType:
    # While the server itself stands on loopback, so may the page under development that uses it.
    if policy.on_loopback and uri.startswith("http://"):
        return ApplicationType.NATIVE
    return client.application_type


def _check_scopes(client: Client) -> None:
    if len(client.scopes) > MAX_SCOPES:
        raise Refused("scope", f"expected at most {MAX_SCOPES}, received {len(client.scopes)}")
    check_scopes(client.scopes)


def check_scopes(scopes: frozenset[str]) -> None:
    """Raise Refused unless each is one scope-token (RFC 6749 §3.3)."""
    for word in sorted(scopes):
        if not scope.is_token(word):
            raise Refused(
                "scope",
                f"'{word}' is not a scope: expected one word without quotes or backslashes",
            )


def _check_keys(client: Client, policy: Policy) -> None:
    by_assertion = client.auth_method is AuthMethod.PRIVATE_KEY_JWT
    signs_requests = client.request_object_signing_alg is not None
    if client.jwks is None and client.jwks_uri is None:
        if by_assertion or signs_requests:
            reason = "private_key_jwt needs" if by_assertion else "request objects need"
            raise Refused(
                "jwks", f"{reason} the client's public keys: a JWK set, or its URL as jwks_uri"
            )
        return
    if not by_assertion and not signs_requests:
        raise Refused(
            "jwks",
            "only a client with private_key_jwt or a request_object_signing_alg has keys",
        )
    # RFC 7591 §2: The "jwks_uri" and "jwks" parameters MUST NOT both be present.
    if client.jwks is not None and client.jwks_uri is not None:
        raise Refused("jwks_uri", "expected jwks or jwks_uri, received both; keep one of them")
    if client.jwks is not None:
        client_jwks.check(client.jwks)
    if client.jwks_uri is not None:
        client_jwks.check_uri(client.jwks_uri, http_on_loopback=policy.on_loopback)


def _check_assertions(client: Client) -> None:
    alg = client.token_endpoint_auth_signing_alg
    if alg is None:
        return
    if alg not in ALGS:
        raise Refused(
            "token_endpoint_auth_signing_alg",
            f"expected one of {', '.join(ALGS)}, received '{alg[:100]}'",
        )
    if client.auth_method is not AuthMethod.PRIVATE_KEY_JWT:
        raise Refused(
            "token_endpoint_auth_signing_alg", "only a client with private_key_jwt signs assertions"
        )


def _check_request_objects(client: Client) -> None:
    alg = client.request_object_signing_alg
    # RFC 9101 §10.5, §6.1: neither "none" nor a MAC, for which the secret would be kept at rest.
    if alg is not None and alg not in ALGS:
        raise Refused(
            "request_object_signing_alg", f"expected one of {', '.join(ALGS)}, received '{alg}'"
        )
    if client.require_signed_request_object and alg is None:
        raise Refused(
            "require_signed_request_object",
            "a client that must sign its requests needs a request_object_signing_alg",
        )


def _check_origins(client: Client, policy: Policy) -> None:
    origins = client.allowed_origins
    if len(origins) > MAX_URIS:
        raise Refused("allowed_origins", f"expected at most {MAX_URIS}, received {len(origins)}")
    for origin in origins:
        if not _is_origin(origin, policy):
            raise Refused(
                "allowed_origins",
                f"'{origin}' is not an origin like https://client.example, in lower case and "
                "without a path",
            )


def _is_origin(value: str, policy: Policy) -> bool:
    # RFC 6454 §6.2: scheme, "://", host, and ":" port unless it is the scheme's default.
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or not value.isascii():
        return False
    default = {"https": 443, "http": 80}.get(parts.scheme)
    shown = f"[{host}]" if ":" in host else host
    rebuilt = f"{parts.scheme}://{shown}" + (f":{port}" if port not in {None, default} else "")
    is_local = parts.scheme == "http" and host in redirect_uri.LOOPBACK_HOSTS
    return rebuilt == value and (parts.scheme == "https" or (is_local and policy.on_loopback))


def _check_resources(client: Client) -> None:
    _check_uris("resource_uris", client.resource_uris)
    # RFC 7662 §2.1: to introspect, it must authenticate.
    if client.resource_uris and client.is_public:
        raise Refused("resource_uris", "only a confidential client can speak for a resource server")


def _check_exchange(client: Client) -> None:
    _check_uris("exchange_audiences", client.exchange_audiences)
    if not client.is_public:
        return
    # RFC 8693 §2.1: omitting client authentication allows for a compromised token to be leveraged
    # [...] into other tokens by anyone possessing the compromised token.
    if GrantType.TOKEN_EXCHANGE in client.grant_types:
        raise Refused("grant_types", "token exchange is for confidential clients only")
    for member in ("exchange_audiences", "may_impersonate", "may_delegate"):
        if getattr(client, member):
            raise Refused(member, "token exchange is for confidential clients only")


def _check_uris(member: str, uris: tuple[str, ...]) -> None:
    if len(uris) > MAX_URIS:
        raise Refused(member, f"expected at most {MAX_URIS}, received {len(uris)}")
    if len(set(uris)) != len(uris):
        raise Refused(member, "the same resource server is there twice")


def _check_dpop(client: Client, policy: Policy) -> None:
    if client.dpop_nonce is not None and client.dpop_nonce not in NONCE_POLICIES:
        raise Refused(
            "dpop_nonce",
            f"expected one of {', '.join(NONCE_POLICIES)}, received '{client.dpop_nonce}'",
        )
    # RFC 9449 §5.2: dpop_bound_access_tokens: whether the client always uses DPoP.
    if not client.dpop_bound_access_tokens and not policy.allow_bearer:
        raise Refused(
            "dpop_bound_access_tokens",
            "tokens bound to no key are off; set HOLDFAST_ALLOW_BEARER=true first, if you must",
        )


def _check_profile(client: Client, profile: Profile) -> None:
    if (rule := profile.broken_by(client)) is not None:
        raise Refused(rule.member, profile.said(rule))
