"""One log line a request."""

from collections.abc import Iterator

import httpx
import pytest
import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.access_log import AccessLog
from app.telemetry.metrics import Metrics
from tests.builders import ISSUER, FrozenClock

Lines = list[structlog.typing.EventDict]


@pytest.fixture
def lines() -> Iterator[Lines]:
    with structlog.testing.capture_logs() as lines:
        yield lines


async def call(
    app: ASGIApp,
    path: str = "/",
    *,
    clock: FrozenClock | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    logging = AccessLog(app, clock or FrozenClock(), Metrics())
    transport = httpx.ASGITransport(
        app=logging, raise_app_exceptions=False, client=("192.0.2.7", 1)
    )
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
        return await http.post(path, content=b"client_secret=s", headers=headers)


async def test_it_says_what_was_asked_by_whom_and_how_it_ended(lines: Lines) -> None:
    clock = FrozenClock()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        clock.advance(0.25)
        await Response(status_code=418)(scope, receive, send)

    await call(app, "/a", clock=clock)
    (line,) = lines
    assert line["event"] == "request"
    assert (line["method"], line["path"], line["address"]) == ("POST", "/a", "192.0.2.7")
    assert (line["status"], line["ms"]) == (418, 250.0)


async def test_neither_query_nor_body_nor_header_is_in_it(lines: Lines) -> None:
    await call(Response(), "/?code=hidden", headers={"Authorization": "Basic hidden"})
    assert "hidden" not in repr(lines)
    assert "client_secret" not in repr(lines)


@pytest.mark.parametrize("path", ["/%1b%5b31m", "/%0aforged", "/%c2%85", "/%e2%80%ae"])
async def test_no_path_can_speak_to_the_terminal(lines: Lines, path: str) -> None:
    await call(Response(), path)
    logged = lines[0]["path"]
    assert logged.isascii()
    assert logged.isprintable()
    assert logged.lower().replace("%5b", "[") == path.replace("%5b", "[")


async def test_a_long_path_is_cut(lines: Lines) -> None:
    await call(Response(), "/" + "x" * 5000)
    assert len(lines[0]["path"]) == 200


@pytest.mark.parametrize("request_id", ["abc-123_DEF.9", "x" * 64])
async def test_a_plain_request_id_is_kept(request_id: str) -> None:
    response = await call(Response(), headers={"X-Request-Id": request_id})
    assert response.headers.get_list("x-request-id") == [request_id]


@pytest.mark.parametrize("request_id", ["", "x" * 65, "a b", "a\x1bb", "<script>", "a;b"])
async def test_any_other_is_replaced(request_id: str) -> None:
    response = await call(Response(), headers={"X-Request-Id": request_id})
    (chosen,) = response.headers.get_list("x-request-id")
    assert chosen != request_id
    assert len(chosen) == 16


async def test_two_requests_have_two_ids() -> None:
    ids = {(await call(Response())).headers["x-request-id"] for _ in range(2)}
    assert len(ids) == 2


async def test_a_crash_is_logged_as_500(lines: Lines) -> None:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError

    await call(app)
    assert lines[0]["status"] == 500
