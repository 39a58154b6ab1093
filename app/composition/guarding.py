"""The guards of this server's own protected resources, which ask no one but the server itself."""

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from ..guard import Guard, Refusal
from ..guard.fastapi import Refused
from ..guard.jwt_tokens import JwtTokens
from ..guard.keys import LocalKeys
from ..guard.metadata import ResourceMetadata
from ..guard.principal import Principal
from ..guard.reasons import InvalidToken
from ..http import paths
from ..oauth.access_token import AccessToken
from ..oauth.grants.liveness import Liveness
from ..telemetry.metrics import Metrics
from .services import Services


class LivingTokens:
    """Implements ``guard.tokens.Tokens``: what was revoked or disabled is refused at once."""

    def __init__(self, tokens: JwtTokens, liveness: Liveness) -> None:
        self._tokens = tokens
        self._liveness = liveness

    async def verify(self, value: str) -> Principal:
        principal = await self._tokens.verify(value)
        if not await self._liveness.is_alive(AccessToken(principal.claims)):
            raise InvalidToken("the access token was revoked")
        return principal


def metadata_of(services: Services, path: str) -> ResourceMetadata:
    """Describe the own resource at a path (RFC 9728)."""
    resource = services.own_resources[services.uri(path)]
    return ResourceMetadata(
        resource=resource.uri,
        authorization_servers=[services.issuer],
        dpop_algs=services.settings.dpop_algs,
        scopes=resource.scopes,
        name=resource.name,
    )


def living_tokens(services: Services) -> LivingTokens:
    """Verify this server's own tokens."""
    keys = LocalKeys(services.parts.keyring.jwks)
    tokens = JwtTokens(services.issuer, keys, services.clock, leeway=0)
    return LivingTokens(tokens, services.liveness)


def guard_of(services: Services, path: str) -> Guard:
    """Guard the own resource at a path: its tokens' aud is its URL.

    It shares the memory of proofs and nonces with the endpoints, so that one client has one nonce
    for the whole server.
    """
    metadata = metadata_of(services, path)
    return Guard(
        living_tokens(services),
        services.admission,
        services.clock,
        base_url=services.issuer,
        audience=metadata.resource,
        algs=services.settings.dpop_algs,
        resource_metadata=metadata.url,
        error_pages=services.issuer + paths.ERRORS,
    )


def answer_refusals(app: FastAPI, metrics: Metrics) -> None:
    """Let what a guard refuses be answered, and counted."""

    async def answer(_: Request, error: Exception) -> Response:
        refusal = error.refusal if isinstance(error, Refused) else error
        if not isinstance(refusal, Refusal):
            raise error
        # A request without a token is how clients ask what is wanted.
        if refusal.error is not None:
            metrics.refused(refusal)
        return Response(refusal.content, refusal.status, refusal.headers)

    app.add_exception_handler(Refusal, answer)
    app.add_exception_handler(Refused, answer)
