"""GET /.well-known/oauth-authorization-server (RFC 8414 §3) and GET /jwks (RFC 7517 §5)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from ..http import paths
from ..http.render import public_json

CORS_FOR_ALL = {"Access-Control-Allow-Origin": "*"}


def router(
    document: Callable[[], Awaitable[Mapping[str, Any]]],
    jwks: Callable[[], Mapping[str, Any]],
    *,
    max_age: int,
) -> APIRouter:
    """Serve the metadata document and the JWK set, each cacheable for ``max_age`` seconds."""
    api = APIRouter()

    async def metadata(_: Request) -> Response:
        return _for_all(public_json(await document(), max_age=max_age))

    async def keys(_: Request) -> Response:
        return _for_all(public_json(jwks(), max_age=max_age))

    api.add_route(paths.METADATA, metadata, methods=["GET"])
    api.add_route(paths.JWKS, keys, methods=["GET"])
    return api


def _for_all(response: Response) -> Response:
    response.headers.update(CORS_FOR_ALL)
    return response
