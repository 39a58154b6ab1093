"""GET /.well-known/oauth-protected-resource/… of this server's own resources (RFC 9728 §3)."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from ..guard.metadata import ResourceMetadata
from ..http.render import public_json
from .metadata import CORS_FOR_ALL


def router(resources: Iterable[ResourceMetadata], *, max_age: int) -> APIRouter:
    """Serve a document for each resource, cacheable for ``max_age`` seconds."""
    api = APIRouter()
    for resource in resources:
        api.add_route(resource.path, _telling(resource.document(), max_age), methods=["GET"])
    return api


def _telling(document: Mapping[str, Any], max_age: int) -> Callable[[Request], Response]:
    def tell(_: Request) -> Response:
        response = public_json(document, max_age=max_age)
        response.headers.update(CORS_FOR_ALL)
        return response

    return tell
