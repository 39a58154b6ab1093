"""An API elsewhere and this server: its guard reads our keys, or asks us, over real connections."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from app.client import DpopAuth
from app.client import DpopKey as ClientKey
from app.guard import Guard, Refusal, introspecting_guard, jwt_guard
from app.guard.client_credentials import ClientCredentials, ClientSecret, PrivateKeyJwt
from app.guard.introspection import REMEMBER_FOR
from app.guard.introspection_client import IntrospectionClient
from app.guard.issuer import Issuer
from app.guard.remote_keys import MAX_AGE, PAUSE, RemoteKeys
from app.state.memory.proofs import MemoryProofs
from tests.answers import issued
from tests.builders import DpopKey, s256
from tests.harness import CLIENT_KEY, SECRET, SIGNING, WEB, Server
from tests.held_tokens import GUARD, revoke
from tests.protected_api import application

API = "https://api.example"


async def token_for(server: Server, key: DpopKey) -> str:
    """Have a token issued for the API."""
    answer = await server.client_credentials(key, WEB, resource=API, scope="read")
    return str(issued(answer)["access_token"])


async def call(guard: Guard, server: Server, key: DpopKey, token: str) -> str:
    """Call the API with a fresh proof. Return the subject, or what the refusal says."""
    proof = key.proof(htm="GET", htu=API + "/x", iat=server.clock.now(), ath=s256(token))
    try:
        admitted = await guard.check(
            "GET", "/x", [("Authorization", f"DPoP {token}"), ("DPoP", proof)]
        )
    except Refusal as refusal:
        return f"{refusal.status} {refusal.error}"
    return admitted.principal.subject


@pytest.fixture
def guard(listening_server: Server) -> Guard:
    """A guard that reads the server's keys."""
    clock = listening_server.clock
    return jwt_guard(
        issuer=listening_server.settings.issuer,
        base_url=API,
        memory=MemoryProofs(clock, None, 1000),
        clock=clock,
    )


class TestKeys:
    async def test_a_token_of_the_server_opens_the_api(
        self, listening_server: Server, guard: Guard, key: DpopKey
    ) -> None:
        token = await token_for(listening_server, key)
        assert await call(guard, listening_server, key, token) == "web"

    async def test_tokens_of_a_new_key_are_taken_at_once_and_old_ones_still(
        self, listening_server: Server, guard: Guard, key: DpopKey
    ) -> None:
        server = listening_server
        old = await token_for(server, key)
        assert await call(guard, server, key, old) == "web"
        # The server publishes the next key before it signs; only the one after it is unknown here.
        for _ in range(2):
            server.clock.advance(PAUSE)
            await server.parts.keys.rotate(now=True)
            await server.parts.keyring.refresh()
        assert await call(guard, server, key, await token_for(server, key)) == "web"
        assert await call(guard, server, key, old) == "web"

    async def test_tokens_of_a_revoked_key_are_refused_once_the_keys_are_read_anew(
        self, listening_server: Server, guard: Guard, key: DpopKey
    ) -> None:
        server = listening_server
        token = await token_for(server, key)
        assert await call(guard, server, key, token) == "web"
        await server.parts.keys.revoke(server.parts.keyring.active().kid)
        await server.parts.keyring.refresh()
        server.clock.advance(MAX_AGE - 200)
        assert await call(guard, server, key, token) == "web"
        server.clock.advance(200)
        assert await call(guard, server, key, token) == "401 invalid_token"

    async def test_a_revoked_token_is_good_until_it_expires(
        self, listening_server: Server, guard: Guard, key: DpopKey
    ) -> None:
        server = listening_server
        token = await token_for(server, key)
        assert (await revoke(server, WEB, token)).status_code == 200
        assert await call(guard, server, key, token) == "web"

    async def test_without_the_server_a_new_guard_refuses_everything_with_503(
        self, listening_server: Server, key: DpopKey
    ) -> None:
        clock = listening_server.clock
        nobody = jwt_guard(issuer="http://127.0.0.1:9", base_url=API, clock=clock)
        token = await token_for(listening_server, key)
        assert await call(nobody, listening_server, key, token) == "503 temporarily_unavailable"


Ask = Callable[..., Guard]


@pytest.fixture
async def asking(listening_server: Server) -> AsyncIterator[Ask]:
    """Return what makes a guard that asks the server, with these credentials."""
    server = listening_server
    await server.add(
        dataclasses.replace(GUARD, client_id="api"),
        dataclasses.replace(SIGNING, client_id="signing-api", resource_uris=(API,)),
    )
    issuer = Issuer(server.settings.issuer)
    async with AsyncExitStack() as stack:

        def ask(credentials: ClientCredentials, *, signed: bool = False) -> Guard:
            keys = RemoteKeys(issuer, server.clock) if signed else None
            client = IntrospectionClient(issuer, credentials, keys=keys, clock=server.clock)
            stack.push_async_callback(client.close)
            memory = MemoryProofs(server.clock, None, 1000)
            return introspecting_guard(
                client=client, base_url=API, memory=memory, clock=server.clock
            )

        yield ask


SECRET_OF_THE_API = ClientSecret("api", SECRET)


class TestIntrospection:
    @pytest.mark.parametrize("signed", [False, True])
    async def test_a_token_of_the_server_opens_the_api(
        self, listening_server: Server, asking: Ask, key: DpopKey, *, signed: bool
    ) -> None:
        guard = asking(SECRET_OF_THE_API, signed=signed)
        token = await token_for(listening_server, key)
        assert await call(guard, listening_server, key, token) == "web"

    async def test_the_api_may_authenticate_by_a_key(
        self, listening_server: Server, asking: Ask, key: DpopKey
    ) -> None:
        server = listening_server
        by_key = PrivateKeyJwt(
            "signing-api",
            CLIENT_KEY.key.as_dict(private=True),
            audience=server.settings.issuer,
            clock=server.clock,
        )
        assert await call(asking(by_key), server, key, await token_for(server, key)) == "web"

    @pytest.mark.parametrize("signed", [False, True])
    async def test_a_revoked_token_is_refused_once_the_answer_is_forgotten(
        self, listening_server: Server, asking: Ask, key: DpopKey, *, signed: bool
    ) -> None:
        server, guard = listening_server, asking(SECRET_OF_THE_API, signed=signed)
        token = await token_for(server, key)
        assert await call(guard, server, key, token) == "web"
        assert (await revoke(server, WEB, token)).status_code == 200
        server.clock.advance(REMEMBER_FOR - 1)
        assert await call(guard, server, key, token) == "web"
        server.clock.advance(1)
        assert await call(guard, server, key, token) == "401 invalid_token"

    async def test_a_token_for_another_api_is_refused(
        self, listening_server: Server, asking: Ask, key: DpopKey
    ) -> None:
        answer = await listening_server.client_credentials(
            key, WEB, resource="https://files.example", scope="write"
        )
        token = issued(answer)["access_token"]
        guard = asking(SECRET_OF_THE_API)
        assert await call(guard, listening_server, key, token) == "401 invalid_token"

    async def test_what_is_no_token_is_refused(
        self, listening_server: Server, asking: Ask, key: DpopKey
    ) -> None:
        guard = asking(SECRET_OF_THE_API)
        assert await call(guard, listening_server, key, "abc") == "401 invalid_token"

    async def test_a_refresh_token_is_no_access_token(
        self, listening_server: Server, asking: Ask, key: DpopKey
    ) -> None:
        server = listening_server
        await server.change(WEB, resource_uris=(API,))
        tokens = await server.tokens(key, WEB)
        guard = asking(ClientSecret("web", SECRET))
        assert await call(guard, server, key, tokens["refresh_token"]) == "401 invalid_token"

    async def test_an_api_that_the_server_does_not_know_refuses_everything_with_503(
        self, listening_server: Server, asking: Ask, key: DpopKey
    ) -> None:
        guard = asking(ClientSecret("api", "wrong"))
        token = await token_for(listening_server, key)
        assert await call(guard, listening_server, key, token) == "503 temporarily_unavailable"

    async def test_requests_at_once_with_one_token_share_one_question(
        self, listening_server: Server, asking: Ask, key: DpopKey
    ) -> None:
        server, guard = listening_server, asking(SECRET_OF_THE_API)
        token = await token_for(server, key)
        calls = (call(guard, server, key, token) for _ in range(10))
        assert await asyncio.gather(*calls) == ["web"] * 10


async def test_our_own_client_speaks_to_an_api_behind_the_guard(
    listening_server: Server, guard: Guard
) -> None:
    """Everything by what we publish: DpopAuth gets the token, and calls the API with it."""
    server = listening_server
    mine = ClientKey.generate()
    auth = DpopAuth(mine, clock=server.clock)
    fields: dict[str, Any] = {"grant_type": "client_credentials", "resource": API, "scope": "read"}
    basic = ClientSecret("web", SECRET).headers()
    answer = await server.http.post("/token", data=fields, headers=basic, auth=auth)
    token = issued(answer)["access_token"]
    transport = httpx.ASGITransport(application(guard))
    async with httpx.AsyncClient(transport=transport, base_url=API) as http:
        response = await http.get("/whoami", auth=auth.with_token(token))
        assert response.status_code == 200
        assert response.json() == "web"
