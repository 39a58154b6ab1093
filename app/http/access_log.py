"""One log line a request, with an id that the answer carries too. Never a query or a body."""

import re
import secrets
from typing import Any
from urllib.parse import quote

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..clock import Clock
from ..telemetry.metrics import Metrics
from . import paths

REQUEST_ID = b"x-request-id"
MAX_PATH = 200
_FIT_TO_LOG = re.compile(rb"[A-Za-z0-9._-]{1,64}")

log = structlog.get_logger("holdfast.http")


class AccessLog:
    """ASGI middleware: names each request, logs its outcome and counts those at /token.

    A request id that came with the request is kept if it is short and plain, so that a proxy's
    log and ours tell of the same request.
    """

    def __init__(self, app: ASGIApp, clock: Clock, metrics: Metrics) -> None:
        self._app = app
        self._clock = clock
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope["headers"])
        status = 500
        began = self._clock.now()

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (REQUEST_ID, request_id.encode())]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_named)
            finally:
                seconds = max(0.0, self._clock.now() - began)
                log.info("request", **_facts(scope), status=status, ms=round(seconds * 1000, 1))
                # A browser's question whether it may ask (CORS) is no request for a token.
                if scope["path"] == paths.TOKEN and scope["method"] != "OPTIONS":
                    self._metrics.answered(status, seconds)


def _facts(scope: Scope) -> dict[str, Any]:
    client = scope.get("client")
    return {
        "method": scope["method"],
        # Encoded as it was sent: a terminal would obey the control characters of a decoded one.
        "path": quote(scope["path"], errors="replace")[:MAX_PATH],
        "address": client[0] if client else None,
    }


def _request_id(headers: list[tuple[bytes, bytes]]) -> str:
    for name, value in headers:
        if name == REQUEST_ID and _FIT_TO_LOG.fullmatch(value):
            return value.decode()
    return secrets.token_hex(8)
