"""GET and POST /demo/resource: a protected resource to try tokens and proofs on."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from ..guard import Guard
from ..guard.asgi import admit
from ..guard.requirement import ANY
from ..http import paths
from ..http.render import json_response


def router(guard: Guard) -> APIRouter:
    """Serve the resource behind its guard. It keeps nothing, and tells who asked."""
    api = APIRouter()

    async def resource(request: Request) -> Response:
        admitted = await admit(guard, request.scope, ANY)
        who = admitted.principal
        body = {
            "message": "The token is good, and the proof shows that you hold its key.",
            "sub": who.subject,
            "client_id": who.client_id,
            "scope": " ".join(sorted(who.scopes)),
            "jkt": who.jkt,
            "expires_at": int(who.expires_at),
        }
        return json_response(body, headers=admitted.headers)

    api.add_route(paths.DEMO_RESOURCE, resource, methods=["GET", "POST"])
    return api
