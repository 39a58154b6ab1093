"""GET /metrics, for the Prometheus of whoever runs the server."""

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ..http import paths
from ..http.render import NO_STORE
from ..telemetry.metrics import Metrics

# What proxies add. Prometheus asks each replica itself: a balancer would show it one at random.
_THROUGH_A_PROXY = frozenset(
    {b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip"}
)


def router(metrics: Metrics) -> APIRouter:
    """Serve the counters, but not to what came through a proxy, so perhaps from the world."""
    api = APIRouter()

    async def show(request: Request) -> Response:
        if any(name in _THROUGH_A_PROXY for name, _ in request.scope["headers"]):
            raise HTTPException(404)
        body, content_type = metrics.render(request.headers.get("accept", ""))
        return Response(body, headers={**NO_STORE, "Content-Type": content_type})

    api.add_route(paths.METRICS, show, methods=["GET"])
    return api
