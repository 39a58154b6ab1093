"""How what a handler raises becomes an answer: one function maps the unknown to server_error."""

from collections.abc import Awaitable, Callable

import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ..clock import Clock
from ..dpop.errors import ProofRefused
from ..oauth.errors import OAuthError, ServerError
from ..telemetry.metrics import Metrics
from . import cors, render
from .request import JSON, prefers

Page = Callable[[Request, int, str], Response]
"""Tells a person, by status and sentence, that her browser asked for what is not there."""

HTML = "text/html"

log = structlog.get_logger("holdfast.failures")

_SENTENCES = {
    404: "there is nothing at this path",
    405: "this path does not answer that method",
}


def install(
    app: FastAPI, *, clock: Clock, issuer: str, metrics: Metrics, page: Page | None = None
) -> None:
    """Register the handlers of everything that a route may raise; they count the refusals.

    ``page`` answers browsers where there is nothing, or not by that method.
    """

    async def refused(_: Request, error: Exception) -> Response:
        metrics.refused(error)
        return answer_to(error, clock=clock, issuer=issuer)

    async def unexpected(request: Request, error: Exception) -> Response:
        response = await refused(request, error)
        # This one is sent from outside of every middleware that the application added.
        cors.share(response.headers, request.scope)
        return response

    async def http_error(request: Request, error: Exception) -> Response:
        return _of_the_framework(request, error, page)

    handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
        OAuthError: refused,
        ProofRefused: refused,
        HTTPException: http_error,
        Exception: unexpected,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def answer_to(error: Exception, *, clock: Clock, issuer: str) -> Response:
    """Map an exception to its answer. The unknown is a server_error without any detail."""
    if isinstance(error, ProofRefused):
        return render.proof_refused(error, clock=clock, issuer=issuer)
    if isinstance(error, OAuthError):
        return render.oauth_error(error)
    log.error("unexpected", error=type(error).__name__)
    return render.oauth_error(ServerError("the server met an unexpected condition"))


def _of_the_framework(request: Request, error: Exception, page: Page | None) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    sentence = _SENTENCES.get(status, "the request cannot be answered")
    # RFC 9110 §12.5.1: Accept: the user agent's preferences regarding response media types.
    if page is not None and status in _SENTENCES and prefers(request, HTML, over=JSON):
        response = page(request, status, sentence)
        response.headers.update(headers or {})
        return response
    body = {"error": "invalid_request", "error_description": sentence}
    return render.json_response(body, status=status, headers=headers)
