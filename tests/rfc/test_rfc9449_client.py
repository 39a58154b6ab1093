"""RFC 9449 from the client's side: ``app.client`` against the real server, rule by rule."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from app.client import DpopAuth, DpopKey, Nonces
from app.credentials import digest
from tests.conftest import Start
from tests.harness import SECRET, WEB, Server
from tests.unit.client.server import taken_apart
from tests.unit.oauth.token_server import basic

FIELDS = {"grant_type": "client_credentials", "scope": "read"}


class Recorded(httpx.AsyncBaseTransport):
    """Sends to the server, and keeps what was sent and what came."""

    def __init__(self, server: Server) -> None:
        self._transport = httpx.ASGITransport(server.app)
        self.sent: list[dict[str, Any]] = []
        self.statuses: list[int] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        _, claims = taken_apart(request.headers["DPoP"])
        self.sent.append(claims)
        response = await self._transport.handle_async_request(request)
        self.statuses.append(response.status_code)
        return response


@asynccontextmanager
async def calling(
    server: Server, auth: DpopAuth
) -> AsyncIterator[tuple[httpx.AsyncClient, Recorded]]:
    transport = Recorded(server)
    async with httpx.AsyncClient(
        transport=transport,
        base_url=server.settings.issuer,
        headers={"Authorization": basic(WEB.client_id, SECRET)},
        auth=auth,
    ) as http:
        yield http, transport


@pytest.fixture
def own_key() -> DpopKey:
    return DpopKey.generate()


@pytest.mark.rfc("9449", "4.2")
@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512", "Ed25519", "EdDSA", "PS256", "RS256"])
async def test_the_server_takes_proofs_of_every_algorithm(server: Server, alg: str) -> None:
    auth = DpopAuth(DpopKey.generate(alg), clock=server.clock)
    async with calling(server, auth) as (http, _):
        answer = await http.post("/token", data=FIELDS)
    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == "DPoP"


@pytest.mark.rfc("9449", "8")
async def test_a_challenge_of_the_token_endpoint_costs_one_more_request(
    start: Start, own_key: DpopKey
) -> None:
    server = await start(dpop_nonce="required")
    auth = DpopAuth(own_key, clock=server.clock)
    async with calling(server, auth) as (http, transport):
        answer = await http.post("/token", data=FIELDS)
    assert answer.status_code == 200, answer.text
    assert transport.statuses == [400, 200]
    first, second = transport.sent
    assert "nonce" not in first
    assert second["nonce"]
    assert first["jti"] != second["jti"]


@pytest.mark.rfc("9449", "8.2")
async def test_the_nonce_is_kept_until_the_server_hands_out_another(
    start: Start, own_key: DpopKey
) -> None:
    server, nonces = await start(dpop_nonce="required"), Nonces()
    auth = DpopAuth(own_key, clock=server.clock, nonces=nonces)
    async with calling(server, auth) as (http, transport):
        await http.post("/token", data=FIELDS)
        await http.post("/token", data=FIELDS)
        assert transport.statuses == [400, 200, 200]
        kept = nonces.get(server.token_endpoint)
        server.clock.advance(61)
        await http.post("/token", data=FIELDS)
        # The old one is still taken, and the answer brought the next.
        assert transport.statuses == [400, 200, 200, 200]
        assert nonces.get(server.token_endpoint) != kept
        server.clock.advance(600)
        answer = await http.post("/token", data=FIELDS)
        assert answer.status_code == 200
        assert transport.statuses[4:] == [400, 200]


@pytest.mark.rfc("9449", "8")
async def test_a_client_whose_clock_is_wrong_heals_itself_by_the_nonce(
    server: Server, own_key: DpopKey
) -> None:
    class Late:
        def now(self) -> float:
            return server.clock.now() - 3600

    async with calling(server, DpopAuth(own_key, clock=Late())) as (http, transport):
        answer = await http.post("/token", data=FIELDS)
    assert answer.status_code == 200, answer.text
    assert transport.statuses == [400, 200]


@pytest.mark.rfc("9449", "7.1")
async def test_a_proof_with_a_token_carries_its_hash_and_every_request_its_own_proof(
    server: Server, own_key: DpopKey
) -> None:
    auth = DpopAuth(own_key, clock=server.clock)
    async with calling(server, auth) as (http, transport):
        token = (await http.post("/token", data=FIELDS)).json()["access_token"]
        for _ in range(2):
            await http.get("/demo/resource", auth=auth.with_token(token))
    assert "ath" not in transport.sent[0]
    assert all(claims["ath"] == digest(token) for claims in transport.sent[1:])
    assert len({claims["jti"] for claims in transport.sent}) == len(transport.sent)


@pytest.mark.rfc("9449", "4.2")
async def test_another_refusal_is_not_retried_whatever_it_carries(
    server: Server, own_key: DpopKey
) -> None:
    auth = DpopAuth(own_key, clock=server.clock)
    async with calling(server, auth) as (http, transport):
        answer = await http.post("/token", data={**FIELDS, "scope": "unknown"})
    assert answer.json()["error"] == "invalid_scope"
    assert transport.statuses == [400]
