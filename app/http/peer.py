"""Who holds the other end of the connection, whatever its header fields say."""

from starlette.types import ASGIApp, Receive, Scope, Send

_PEER = "holdfast.peer"


class RememberPeer:
    """ASGI middleware, to stand before the one that believes X-Forwarded-For."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[_PEER] = scope.get("client")
        await self._app(scope, receive, send)


def peer_address(scope: Scope) -> str | None:
    """Return the address of the peer; None where there is none, as on a Unix socket."""
    client = scope.get(_PEER, scope.get("client"))
    return str(client[0]) if client else None
