"""RFC 9701: introspection answers as signed JWTs, read here with joserfc's own code."""

from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from app.oauth.client import Client
from tests.answers import is_uncacheable, refused
from tests.builders import ISSUER, NOW, DpopKey
from tests.harness import API, SPA, WEB, Server
from tests.held_tokens import GUARD, described, introspect

JWT = "application/token-introspection+jwt"


async def ask(
    server: Server, client: Client, token: str | None, accept: str = JWT
) -> httpx.Response:
    return await introspect(server, client, token, headers=[("Accept", accept)])


async def opened(server: Server, response: httpx.Response) -> jwt.Token:
    """Assert a signed answer, and verify it with the published keys."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == JWT
    assert is_uncacheable(response)
    keys = KeySet.import_key_set((await server.http.get("/jwks")).json())
    return jwt.decode(response.text, keys)


@pytest.fixture
async def guard(server: Server) -> Client:
    await server.add(GUARD)
    return GUARD


@pytest.fixture
async def token(server: Server, key: DpopKey) -> str:
    return str((await server.tokens(key, SPA, resources=(API.uri,)))["access_token"])


class TestSection4Request:
    @pytest.mark.rfc("9701", "4")
    @pytest.mark.parametrize(
        "accept",
        [
            JWT,
            JWT.upper(),
            f"text/html, {JWT}",
            f"application/json, {JWT}",
            f"application/json;q=0.5, {JWT};q=0.8",
        ],
    )
    async def test_whoever_asks_for_a_jwt_gets_one(
        self, server: Server, guard: Client, token: str, accept: str
    ) -> None:
        answer = await opened(server, await ask(server, guard, token, accept))
        assert answer.claims["token_introspection"]["active"]

    @pytest.mark.rfc("9701", "4")
    @pytest.mark.parametrize(
        "accept",
        [
            "application/json",
            "*/*",
            "application/*",
            "application/jwt",
            "",
            f"{JWT};q=0",
            f"{JWT};q=nonsense",
            f"{JWT};q=0.5, application/json",
        ],
    )
    async def test_everybody_else_gets_json(
        self, server: Server, guard: Client, token: str, accept: str
    ) -> None:
        assert described(await ask(server, guard, token, accept))["active"]

    @pytest.mark.rfc("9701", "4")
    async def test_an_error_is_json_all_the_same(self, server: Server) -> None:
        refused(await ask(server, WEB, None), "invalid_request")

    @pytest.mark.rfc("9701", "7")
    async def test_the_metadata_names_the_algorithm(
        self, server: Server, guard: Client, token: str
    ) -> None:
        metadata = (await server.http.get("/.well-known/oauth-authorization-server")).json()
        answer = await opened(server, await ask(server, guard, token))
        named = metadata["introspection_signing_alg_values_supported"]
        assert named == [answer.header["alg"]]


class TestSection5Response:
    @pytest.mark.rfc("9701", "5")
    async def test_its_type_tells_it_from_an_access_token(
        self, server: Server, guard: Client, token: str
    ) -> None:
        answer = await opened(server, await ask(server, guard, token))
        assert answer.header["typ"] == "token-introspection+jwt"

    @pytest.mark.rfc("9701", "5")
    async def test_it_says_from_whom_for_whom_and_when_and_no_more_than_json_does(
        self, server: Server, guard: Client, token: str
    ) -> None:
        answer = await opened(server, await ask(server, guard, token))
        claims: dict[str, Any] = dict(answer.claims)
        members = claims.pop("token_introspection")
        assert claims == {"iss": ISSUER, "aud": guard.client_id, "iat": int(NOW)}
        assert members == described(await introspect(server, guard, token))

    @pytest.mark.rfc("9701", "5")
    async def test_of_an_inactive_token_it_says_nothing_else(
        self, server: Server, token: str
    ) -> None:
        for inactive in (token, "x"):
            answer = await opened(server, await ask(server, WEB, inactive))
            assert answer.claims["token_introspection"] == {"active": False}

    @pytest.mark.rfc("9701", "8.1")
    async def test_it_is_not_taken_for_an_access_token(
        self, server: Server, guard: Client, token: str
    ) -> None:
        signed = (await ask(server, guard, token)).text
        assert described(await introspect(server, guard, signed)) == {"active": False}
