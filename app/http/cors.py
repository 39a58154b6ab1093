"""CORS (WHATWG Fetch §3.2) at the endpoints that pages of browser clients call.

Nothing here is a defence of the server: a request is done all the same, and the client's own
origins are checked where it authenticates. This lets its pages read the answers.
"""

from collections.abc import Callable, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..oauth.errors import TemporarilyUnavailable
from ..oauth.origin import is_origin
from ..oauth.ports import Origins
from . import paths, render
from .request import origin

PATHS = frozenset({paths.TOKEN, paths.PAR, paths.REVOKE})
PREFLIGHT_LIFETIME = 600

_VARY = {"Vary": "Origin"}
# No Access-Control-Allow-Credentials: these endpoints know no cookies.
_EXPOSED = {"Access-Control-Expose-Headers": "DPoP-Nonce, WWW-Authenticate, Retry-After"}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "DPoP, Authorization, Content-Type",
    "Access-Control-Max-Age": str(PREFLIGHT_LIFETIME),
}
_SHARED = "holdfast.cors"


class Cors:
    """ASGI middleware. ``origins`` gives the origins of all browser clients, once they are open.

    Only a request with an Origin header field asks them anything.
    """

    def __init__(self, app: ASGIApp, origins: Callable[[], Origins]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = origin(Request(scope)) if _is_shared(scope) else None
        if sent is None:
            await self._app(scope, receive, send)
            return
        is_preflight = _is_preflight(scope)
        try:
            shared = _VARY | (await self._allowance(sent))
        except TemporarilyUnavailable as error:
            if is_preflight:
                await render.oauth_error(error)(scope, receive, send)
                return
            # The endpoint finds the same, and says so.
            shared = _VARY
        if is_preflight:
            await _preflight(shared)(scope, receive, send)
            return
        scope[_SHARED] = shared

        async def send_shared(message: Message) -> None:
            if message["type"] == "http.response.start":
                share(MutableHeaders(raw=message["headers"]), scope)
            await send(message)

        await self._app(scope, receive, send_shared)

    async def _allowance(self, sent: str) -> dict[str, str]:
        # The origin "null", of sandboxed pages and files, is no origin of a client.
        if not is_origin(sent) or not await self._origins().any(sent):
            return {}
        return {"Access-Control-Allow-Origin": sent, **_EXPOSED}


def share(headers: MutableHeaders, scope: Scope) -> None:
    """Let the page that a request came from read the answer, if it may."""
    shared: Mapping[str, str] = scope.get(_SHARED, {})
    for name, value in shared.items():
        headers.append(name, value)


def _is_shared(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["path"] in PATHS


def _is_preflight(scope: Scope) -> bool:
    asks = "access-control-request-method" in Headers(scope=scope)
    return scope["method"] == "OPTIONS" and asks


def _preflight(shared: Mapping[str, str]) -> Response:
    if "Access-Control-Allow-Origin" in shared:
        return Response(status_code=204, headers={**shared, **_PREFLIGHT})
    body = {
        "error": "invalid_request",
        "error_description": "this origin is not registered for any client",
    }
    return render.json_response(body, status=403, headers=shared)
