"""The guard as plain ASGI middleware. No framework is imported."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import quote

from .guard import Admitted, Guard
from .refusal import Refusal
from .requirement import ANY, Requirement

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

PRINCIPAL = "principal"

_ADMITTED = "holdfast.guard.admitted"
_DENIAL = "websocket.http.response"
_ERRORS = 400


class GuardMiddleware:
    """Lets through to ``app`` what the guard admits; the principal is ``scope["principal"]``.

    ``requirement``: of every request, or a function of the scope that returns each one's; None from
    it lets the request through unchecked. WebSocket handshakes are checked as the GET requests they
    are. Put CORS middleware around this one: preflights carry no token.
    """

    def __init__(
        self,
        app: Asgi,
        guard: Guard,
        requirement: Requirement | Callable[[Scope], Requirement | None] = ANY,
    ) -> None:
        self._app = app
        self._guard = guard
        self._requirement = requirement

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        requirement = self._required(scope)
        if requirement is None:
            await self._app(scope, receive, send)
            return
        try:
            admitted = await admit(self._guard, scope, requirement)
        except Refusal as refusal:
            await _answer(refusal, scope, send)
            return

        await self._app(scope, receive, _adding(lambda: admitted.headers, send))

    def _required(self, scope: Scope) -> Requirement | None:
        if scope["type"] not in {"http", "websocket"}:
            return None
        required = self._requirement
        return required if isinstance(required, Requirement) else required(scope)


class NonceMiddleware:
    """Adds the DPoP-Nonce of requests that ``admit`` let pass further in.

    For frameworks that lose header fields on the way, as FastAPI does where an endpoint returns a
    response of its own.
    """

    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known: dict[int, Admitted] = scope.setdefault(_ADMITTED, {})

        def headers() -> Mapping[str, str]:
            return {name: value for each in known.values() for name, value in each.headers.items()}

        await self._app(scope, receive, _adding(headers, send))


async def admit(guard: Guard, scope: Scope, requirement: Requirement) -> Admitted:
    """Check the request of an ASGI scope. Raises Refusal.

    A request is authenticated once by each guard, however often it is asked: a proof that is seen
    again is a replay. Sets ``scope["principal"]``.
    """
    known: dict[int, Admitted] = scope.setdefault(_ADMITTED, {})
    if id(guard) not in known:
        headers = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
        ]
        # RFC 6455 §4.1: The method of the request MUST be GET.
        known[id(guard)] = await guard.authenticate(
            scope.get("method", "GET"), target_of(scope), headers
        )
    admitted = known[id(guard)]
    guard.authorize(admitted.principal, requirement)
    scope[PRINCIPAL] = admitted.principal
    return admitted


def _adding(headers: Callable[[], Mapping[str, str]], send: Send) -> Send:
    """Return what sends on, with these header fields on a success unless they are there."""

    async def send_on(message: Message) -> None:
        is_start = message["type"] in {"http.response.start", "websocket.accept"}
        # Clients take a nonce on any 4xx as a call to resend.
        if is_start and message.get("status", 101) < _ERRORS:
            sent = list(message.get("headers", ()))
            there = {name.lower() for name, _ in sent}
            added = (_encoded(*each) for each in headers().items())
            message["headers"] = sent + [each for each in added if each[0] not in there]
        await send(message)

    return send_on


def target_of(scope: Scope) -> str:
    """Return the path as it was sent, with the query."""
    raw: bytes | None = scope.get("raw_path")
    path = quote(scope["path"]) if raw is None else raw.decode("latin-1")
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{path}?{query}" if query else path


async def _answer(refusal: Refusal, scope: Scope, send: Send) -> None:
    kind = "http.response"
    if scope["type"] == "websocket":
        if _DENIAL not in scope.get("extensions", {}):
            # Before it was accepted: the server answers the handshake with 403.
            await send({"type": "websocket.close", "code": 1008})
            return
        kind = _DENIAL
    headers = [_encoded(*each) for each in refusal.headers.items()]
    length = (b"content-length", str(len(refusal.content)).encode())
    start = {"type": f"{kind}.start", "status": refusal.status, "headers": [*headers, length]}
    await send(start)
    await send({"type": f"{kind}.body", "body": refusal.content})


def _encoded(name: str, value: str) -> tuple[bytes, bytes]:
    return name.lower().encode("latin-1"), value.encode("latin-1")
