"""The guard as plain ASGI middleware."""

from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from app.guard import Requirement
from app.guard.asgi import GuardMiddleware, Receive, Scope, Send
from tests.builders import DpopKey, FrozenClock, s256
from tests.protected_api import API, Issuer, guard_of

Message = MutableMapping[str, Any]


async def application(scope: Scope, _: Receive, send: Send) -> None:
    """An application without a framework, which tells who asks."""
    who = scope.get("principal")
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    text = (who.subject if who else "nobody").encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]})
    await send({"type": "http.response.body", "body": text})


class Called:
    """The middleware, and requests to it."""

    def __init__(self, key: DpopKey, *, nonce: str = "auto", **options: Any) -> None:
        self.key, self.issuer, self.clock = key, Issuer(), FrozenClock()
        self.guard = guard_of(self.issuer, self.clock, nonce=nonce)
        self.app = GuardMiddleware(application, self.guard, **options)

    def headers(self, path: str, **claims: Any) -> dict[str, str]:
        token = self.issuer.token(self.key)
        proof = self.key.proof(htm="GET", htu=API + path, ath=s256(token), **claims)
        return {"Authorization": f"DPoP {token}", "DPoP": proof}

    @asynccontextmanager
    async def http(self) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url=API) as http:
            yield http

    async def get(self, path: str, **claims: Any) -> httpx.Response:
        async with self.http() as http:
            return await http.get(path, headers=self.headers(path, **claims))

    async def websocket(self, headers: dict[str, str], **scope: Any) -> list[Message]:
        """Open a WebSocket, and return what the application sent."""
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        fields = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        base = {"type": "websocket", "path": "/ws", "headers": fields, "query_string": b""}
        await self.app({**base, **scope}, receive, send)
        return sent


async def test_the_principal_is_in_the_scope(key: DpopKey) -> None:
    response = await Called(key).get("/x")
    assert (response.status_code, response.text) == (200, "zoe")
    assert response.headers["x-own"] == "1"


async def test_a_refusal_is_answered_without_the_application(key: DpopKey) -> None:
    async with Called(key).http() as http:
        response = await http.get("/x")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'DPoP algs="ES256 PS256"'
    assert response.headers["content-type"] == "application/json"
    assert response.headers["content-length"] == str(len(response.content))
    assert "x-own" not in response.headers


async def test_the_nonce_goes_with_the_applications_answer(key: DpopKey) -> None:
    called = Called(key, nonce="required")
    nonce = (await called.get("/x")).headers["dpop-nonce"]
    response = await called.get("/x", nonce=nonce)
    assert response.headers["dpop-nonce"] == nonce
    assert response.headers["x-own"] == "1"


async def test_a_requirement_holds_for_every_request(key: DpopKey) -> None:
    response = await Called(key, requirement=Requirement.of("admin")).get("/x")
    assert response.status_code == 403
    assert 'scope="admin"' in response.headers["www-authenticate"]


async def test_a_function_says_what_each_request_needs_and_which_are_public(key: DpopKey) -> None:
    def needed(scope: Scope) -> Requirement | None:
        return None if scope["path"] == "/public" else Requirement.of("admin")

    called = Called(key, requirement=needed)
    async with called.http() as http:
        assert (await http.get("/public")).text == "nobody"
    assert (await called.get("/x")).status_code == 403


async def test_a_nul_or_a_byte_beyond_ascii_in_the_path_is_a_refusal(key: DpopKey) -> None:
    called = Called(key)
    sent = await called.websocket(called.headers("/x"), raw_path=b"/\xff\x00")
    assert sent == [{"type": "websocket.close", "code": 1008}]


class TestWebSocket:
    async def test_a_handshake_is_checked_as_the_get_request_it_is(self, key: DpopKey) -> None:
        called = Called(key, nonce="required")
        refused = await called.websocket(called.headers("/ws"))
        assert refused == [{"type": "websocket.close", "code": 1008}]
        [start, body] = await called.websocket(
            called.headers("/ws"), extensions={"websocket.http.response": {}}
        )
        assert (start["type"], start["status"]) == ("websocket.http.response.start", 401)
        assert body["type"] == "websocket.http.response.body"
        nonce = dict(start["headers"])[b"dpop-nonce"].decode()
        [accepted] = await called.websocket(called.headers("/ws", nonce=nonce))
        assert accepted["type"] == "websocket.accept"
        assert (b"dpop-nonce", nonce.encode()) in accepted["headers"]

    async def test_one_without_a_token_does_not_pass(self, key: DpopKey) -> None:
        assert (await Called(key).websocket({}))[0]["type"] == "websocket.close"


async def test_the_lifespan_passes(key: DpopKey) -> None:
    seen: list[str] = []

    async def inner(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["type"])

    called = Called(key)

    async def unused(_: Message | None = None) -> Any:
        pytest.fail("nothing is sent")

    await GuardMiddleware(inner, called.guard)({"type": "lifespan"}, unused, unused)
    assert seen == ["lifespan"]
