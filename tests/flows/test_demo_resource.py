"""The protected demo resource: this server's own guard, asked with tokens of its own."""

from typing import Any

import httpx
import pytest

from tests.answers import is_uncacheable, issued
from tests.builders import ISSUER, DpopKey, s256
from tests.conftest import Start
from tests.harness import SPA, WEB, Server
from tests.held_tokens import revoke
from tests.protected_api import challenge_of

DEMO = ISSUER + "/demo/resource"


async def token_for(server: Server, key: DpopKey, resource: str = DEMO) -> str:
    """Have a token issued to a client for a resource."""
    answer = await server.client_credentials(key, WEB, resource=resource)
    return str(issued(answer)["access_token"])


async def ask(server: Server, key: DpopKey, token: str, **changes: Any) -> httpx.Response:
    """Call the resource with a fresh proof, valid but for the changes."""
    valid = {"htm": "GET", "htu": DEMO, "iat": server.clock.now(), "ath": s256(token)}
    proof = key.proof(**{**valid, **changes})
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
    return await server.http.get("/demo/resource", headers=headers)


async def test_a_token_for_it_opens_it(server: Server, key: DpopKey) -> None:
    response = await ask(server, key, await token_for(server, key))
    assert response.status_code == 200, response.text
    assert is_uncacheable(response)
    body = response.json()
    assert (body["client_id"], body["sub"], body["jkt"]) == ("web", "web", key.jkt)


async def test_a_token_of_a_person_opens_it(server: Server, key: DpopKey) -> None:
    tokens = await server.tokens(key, SPA, resources=(DEMO,))
    response = await ask(server, key, tokens["access_token"])
    assert response.json()["sub"] == "usr_1"


@pytest.mark.parametrize("resource", ["https://api.example", None])
async def test_a_token_for_anything_else_does_not(
    server: Server, key: DpopKey, resource: str | None
) -> None:
    answer = await server.client_credentials(key, WEB, resource=resource)
    response = await ask(server, key, issued(answer)["access_token"])
    assert response.status_code == 401
    assert challenge_of(response, "DPoP")["error"] == "invalid_token"


async def test_a_refusal_says_why_and_where_it_is_explained(server: Server, key: DpopKey) -> None:
    response = await ask(server, key, await token_for(server, key), htm="POST")
    assert response.status_code == 401
    body = response.json()
    assert body["error"] == "invalid_dpop_proof"
    assert body["dpop"]["check"] == "htm"
    assert body["error_uri"] == ISSUER + "/errors/htm"
    assert (await server.http.get(body["error_uri"])).status_code == 200


async def test_what_was_revoked_is_refused_at_once(server: Server, key: DpopKey) -> None:
    token = await token_for(server, key)
    assert (await ask(server, key, token)).status_code == 200
    assert (await revoke(server, WEB, token)).status_code == 200
    response = await ask(server, key, token)
    assert challenge_of(response, "DPoP")["error"] == "invalid_token"


async def test_the_nonce_of_the_token_endpoint_is_that_of_the_resource(
    start: Start, key: DpopKey
) -> None:
    server = await start(dpop_nonce="required")
    challenge = await server.client_credentials(key, WEB, resource=DEMO)
    nonce = challenge.headers["dpop-nonce"]
    proof = server.proof(key, nonce=nonce)
    answer = await server.client_credentials(key, WEB, resource=DEMO, proof=proof)
    token = issued(answer)["access_token"]
    response = await ask(server, key, token)
    assert challenge_of(response, "DPoP")["error"] == "use_dpop_nonce"
    assert response.headers["dpop-nonce"] == nonce
    response = await ask(server, key, token, nonce=nonce)
    assert response.status_code == 200
    assert response.headers["dpop-nonce"] == nonce


async def test_it_can_be_left_out(start: Start, key: DpopKey) -> None:
    server = await start(demo_resource="off")
    assert (await server.http.get("/demo/resource")).status_code == 404
    answer = await server.client_credentials(key, WEB, resource=DEMO)
    assert answer.json()["error"] == "invalid_target"


async def test_elsewhere_than_on_loopback_it_is_there_only_if_asked_for(start: Start) -> None:
    for settings, status in [({}, 404), ({"demo_resource": "on"}, 401)]:
        server = await start(issuer="https://as.example", **settings)
        assert (await server.http.get("/demo/resource")).status_code == status


async def test_refusals_are_counted(server: Server, key: DpopKey) -> None:
    await server.http.get("/demo/resource")
    await ask(server, key, await token_for(server, key), htm="POST")
    counted = (await server.http.get("/metrics")).text
    assert 'holdfast_refusals_total{check="htm",error="invalid_dpop_proof"} 1.0' in counted
    assert 'error="None"' not in counted
