"""The token endpoint and its grants."""

from collections.abc import Sequence

from ..http import paths
from ..oauth.client_auth import AUTH_METHODS
from ..oauth.grants.authorization_code import AuthorizationCodeGrant
from ..oauth.grants.client_credentials import ClientCredentialsGrant
from ..oauth.grants.device_code import DeviceCodeGrant
from ..oauth.grants.grant import Grant
from ..oauth.grants.refresh_token import RefreshTokenGrant
from ..oauth.grants.token_exchange import TokenExchangeGrant
from ..oauth.token_endpoint import TokenEndpoint
from ..routes import token as route
from ..tokens.refresh_tokens import ChainedRefreshTokens
from .feature import Feature
from .services import Services


def token(services: Services) -> Feature:
    """Build the endpoint."""
    endpoint = _endpoint(services)
    uri = services.uri(paths.TOKEN)
    return Feature(
        routers=(route.router(endpoint, services.admission, uri=uri, algs=services.dpop_algs),),
        endpoints={"token_endpoint": paths.TOKEN},
        auth_methods={"token": AUTH_METHODS},
        metadata={"grant_types_supported": sorted(endpoint.grant_types_supported)},
    )


def _endpoint(services: Services) -> TokenEndpoint:
    return TokenEndpoint(
        services.authenticator,
        _grants(services),
        services.resources,
        services.audit,
        services.clock,
        details=services.details,
        uri=services.uri(paths.TOKEN),
        default_audience=services.settings.audience,
    )


def _grants(services: Services) -> Sequence[Grant]:
    database, mint, secret = services.database, services.mint, services.parts.secret
    refresh_tokens = ChainedRefreshTokens(secret.current, secret.previous)
    return (
        AuthorizationCodeGrant(
            services.state.codes, database, database.users, refresh_tokens, mint
        ),
        RefreshTokenGrant(
            database,
            database.users,
            refresh_tokens,
            mint,
            rotates=services.profile.rotates_refresh_tokens,
        ),
        ClientCredentialsGrant(mint),
        DeviceCodeGrant(
            services.state.device_codes, database, database.users, refresh_tokens, mint
        ),
        TokenExchangeGrant(
            services.verifier,
            services.liveness,
            services.resources,
            mint,
            issuer=services.issuer,
        ),
    )
