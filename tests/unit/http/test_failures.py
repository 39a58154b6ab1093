"""How what a handler raises becomes an answer."""

import json
from collections.abc import Iterator

import httpx
import pytest
import structlog
from fastapi import FastAPI, Request
from starlette.responses import Response

from app.dpop.errors import Check, ProofRefused
from app.http import failures
from app.oauth.errors import InvalidScope
from app.telemetry.metrics import Metrics
from tests.answers import proof_refused, refused
from tests.builders import ISSUER, FrozenClock

SECRET = "hf_cs_secret"


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    failures.install(app, clock=FrozenClock(), issuer=ISSUER, metrics=Metrics())
    return app


@pytest.fixture
def logged() -> Iterator[list[structlog.typing.EventDict]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


async def answer_to(app: FastAPI, error: Exception) -> httpx.Response:
    """Have a handler raise, and return what the client gets."""

    async def handler(_: Request) -> Response:
        raise error

    app.add_route("/", handler)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
        return await http.get("/")


@pytest.mark.rfc("6749", "5.2")
async def test_a_refusal_of_the_protocol_is_rendered(app: FastAPI) -> None:
    assert refused(await answer_to(app, InvalidScope("too much")), "invalid_scope") == "too much"


@pytest.mark.rfc("9449", "5")
async def test_a_refusal_of_a_proof_is_rendered(app: FastAPI) -> None:
    proof_refused(await answer_to(app, ProofRefused(Check.HTM, "wrong")), "htm")


@pytest.mark.rfc("6749", "5.2")
async def test_the_unknown_is_a_server_error_that_tells_nothing(
    app: FastAPI, logged: list[structlog.typing.EventDict]
) -> None:
    response = await answer_to(app, RuntimeError(f"the secret is {SECRET}"))
    refused(response, "server_error", status=500)
    assert SECRET not in response.text
    assert [line["error"] for line in logged] == ["RuntimeError"]
    assert SECRET not in json.dumps(logged)


@pytest.mark.rfc("6749", "5.2")
@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/x", 404), ("PUT", "/", 405)])
async def test_what_the_framework_refuses_has_the_same_form(
    app: FastAPI, method: str, path: str, status: int
) -> None:
    app.add_route("/", lambda _: Response(), methods=["GET"])
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
        response = await http.request(method, path)
    refused(response, "invalid_request", status=status)
    assert ("allow" in response.headers) == (status == 405)
