"""GET /health/live and /health/ready."""

from collections.abc import Awaitable, Callable, Mapping

import structlog
from fastapi import APIRouter, Request
from starlette.responses import Response

from ..http import paths
from ..http.render import json_response

Probe = Callable[[], Awaitable[None]]

log = structlog.get_logger("holdfast.health")


def router(probes: Mapping[str, Probe], *, is_stopping: Callable[[], bool]) -> APIRouter:
    """Live: the process answers. Ready: every probe returns without raising, and it will go on."""
    api = APIRouter()

    async def live(_: Request) -> Response:
        return json_response({"status": "ok"})

    async def ready(_: Request) -> Response:
        if is_stopping():
            return json_response({"status": "stopping"}, status=503)
        found = {name: await _state_of(name, probe) for name, probe in probes.items()}
        well = all(state == "ok" for state in found.values())
        status = "ok" if well else "unavailable"
        return json_response({"status": status, **found}, status=200 if well else 503)

    api.add_route(paths.LIVE, live, methods=["GET"])
    api.add_route(paths.READY, ready, methods=["GET"])
    return api


async def _state_of(name: str, probe: Probe) -> str:
    try:
        await probe()
    except Exception as error:  # noqa: BLE001  whatever is wrong, the answer is "not ready"
        log.warning("not ready", probe=name, error=type(error).__name__)
        return "unavailable"
    return "ok"
