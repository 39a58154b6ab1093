import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from authlib.oauth2.rfc7523 import PrivateKeyJWT  # type: ignore[import-untyped]  # no types
from joserfc.jwk import RSAKey
from starlette.responses import JSONResponse

from app.client import DpopKey
from app.client.authlib_hook import (
    AsyncOAuth2Client,
    OAuth2Client,
    OAuthError,
    UnsupportedTokenTypeError,
    use_dpop,
)
from tests.builders import s256

from .server import ACCESS_TOKEN, DpopServer

TOKEN = {"access_token": ACCESS_TOKEN, "token_type": "DPoP", "refresh_token": "the-refresh-token"}
EXPIRED = TOKEN | {"expires_at": 1}

Open = Callable[..., Any]


async def done(answer: Any) -> Any:
    """Wait for an answer of the asynchronous client; that of the other is there already."""
    return await answer if isinstance(answer, Awaitable) else answer


@pytest.fixture(params=[OAuth2Client, AsyncOAuth2Client])
async def open_client(
    request: pytest.FixtureRequest, key: DpopKey, server: DpopServer
) -> AsyncIterator[Open]:
    """Make an Authlib client with DPoP, of either kind."""
    clients = []

    def make(**arguments: Any) -> Any:
        defaults = {"client_id": "web", "client_secret": "s3cret", "trust_env": False}
        endpoint = {"token_endpoint": f"{server.origin}/token"}
        clients.append(use_dpop(request.param(**defaults | endpoint | arguments), key))
        return clients[-1]

    yield make
    for client in clients:
        await done(client.aclose() if hasattr(client, "aclose") else client.close())


@pytest.mark.rfc("9449", "5")
async def test_a_token_request_carries_a_proof_and_the_client_s_own_authentication(
    open_client: Open, server: DpopServer, key: DpopKey
) -> None:
    token = await done(open_client().fetch_token(grant_type="client_credentials"))
    assert token["access_token"] == ACCESS_TOKEN
    [received] = server.received
    assert received.proof_header["jwk"] == key.public_jwk
    assert received.proof["htu"] == f"{server.origin}/token"
    assert received.headers["authorization"].startswith("Basic ")
    assert received.form["grant_type"] == "client_credentials"


async def test_a_public_client_still_names_itself_in_the_body(
    open_client: Open, server: DpopServer
) -> None:
    client = open_client(client_secret=None)
    await done(client.fetch_token(grant_type="authorization_code", code="c", code_verifier="v"))
    [received] = server.received
    assert received.form["client_id"] == "web"
    assert received.form["code_verifier"] == "v"
    assert "jti" in received.proof


async def test_a_registered_authentication_method_goes_with_the_proof(
    open_client: Open, server: DpopServer
) -> None:
    client_key = RSAKey.generate_key().as_pem(private=True)
    client = open_client(client_secret=client_key, token_endpoint_auth_method=PrivateKeyJWT.name)
    client.register_client_auth_method(PrivateKeyJWT(f"{server.origin}/token"))
    await done(client.fetch_token(grant_type="client_credentials"))
    [received] = server.received
    assert received.form["client_assertion"].count(".") == 2
    assert "jti" in received.proof


@pytest.mark.rfc("9449", "7.1")
async def test_a_resource_gets_the_token_by_the_dpop_scheme_and_its_hash_in_the_proof(
    open_client: Open, server: DpopServer
) -> None:
    answer = await done(open_client(token=TOKEN).get(f"{server.origin}/api?x=1"))
    assert answer.json() == {"hello": "world"}
    [received] = server.received
    assert received.headers["authorization"] == f"DPoP {ACCESS_TOKEN}"
    assert received.proof["ath"] == s256(ACCESS_TOKEN)
    assert received.proof["htu"] == f"{server.origin}/api"


@pytest.mark.rfc("9449", "5")
async def test_a_refresh_carries_a_proof_by_the_same_key(
    open_client: Open, server: DpopServer, key: DpopKey
) -> None:
    token = await done(open_client(token=TOKEN).refresh_token())
    assert token["refresh_token"] == "refresh-1"
    [received] = server.received
    assert received.form["refresh_token"] == "the-refresh-token"
    assert received.proof_header["jwk"] == key.public_jwk


async def test_an_expired_token_is_refreshed_with_a_proof_before_the_resource_is_asked(
    open_client: Open, server: DpopServer
) -> None:
    await done(open_client(token=EXPIRED).get(f"{server.origin}/api"))
    refresh, request = server.received
    assert refresh.form["grant_type"] == "refresh_token"
    assert "ath" not in refresh.proof
    assert request.proof["ath"] == s256(ACCESS_TOKEN)


async def test_a_revocation_carries_a_proof(open_client: Open, server: DpopServer) -> None:
    await done(open_client(token=TOKEN).revoke_token(f"{server.origin}/revoke"))
    [received] = server.received
    assert received.form["token"] == "the-refresh-token"
    assert received.proof["htu"] == f"{server.origin}/revoke"


@pytest.mark.rfc("9449", "8")
async def test_a_challenge_is_answered_once_and_its_nonce_kept_for_token_and_resource(
    open_client: Open, server: DpopServer
) -> None:
    server.nonce = "n-1"
    client = open_client()
    await done(client.fetch_token(grant_type="client_credentials"))
    answer = await done(client.post(f"{server.origin}/api", content=b"body"))
    assert answer.status_code == 200
    assert [received.proof.get("nonce") for received in server.received] == [None, "n-1", "n-1"]
    assert server.received[0].body == server.received[1].body


@pytest.mark.rfc("9449", "9")
async def test_a_challenge_of_a_resource_is_answered_with_its_nonce(
    open_client: Open, server: DpopServer
) -> None:
    server.nonce = "n-1"
    answer = await done(open_client(token=TOKEN).post(f"{server.origin}/api", content=b"body"))
    assert answer.status_code == 200
    assert [received.body for received in server.received] == [b"body", b"body"]


@pytest.mark.parametrize("call", ["fetch_token", "refresh_token"])
@pytest.mark.rfc("9449", "5")
async def test_a_token_that_is_not_bound_is_discarded(
    open_client: Open, server: DpopServer, call: str
) -> None:
    server.token_type = "Bearer"
    client = open_client(token=TOKEN)
    with pytest.raises(UnsupportedTokenTypeError, match="is Bearer, expected DPoP"):
        await done(getattr(client, call)())
    assert client.token == TOKEN


@pytest.mark.rfc("9449", "7.1")
async def test_a_bearer_token_is_not_sent(open_client: Open, server: DpopServer) -> None:
    client = open_client(token=TOKEN | {"token_type": "Bearer"})
    with pytest.raises(UnsupportedTokenTypeError):
        await done(client.get(f"{server.origin}/api"))
    assert server.received == []


async def test_a_refusal_reaches_the_caller_as_authlib_s_own_error(
    open_client: Open, server: DpopServer
) -> None:
    server.always = JSONResponse({"error": "invalid_grant"}, 400)
    with pytest.raises(OAuthError, match="invalid_grant"):
        await done(open_client().fetch_token(grant_type="client_credentials"))
    assert len(server.received) == 1


async def test_a_hook_for_protected_requests_registered_before_is_kept(
    open_client: Open, server: DpopServer, key: DpopKey
) -> None:
    client = open_client(token=TOKEN)

    def add_header(url: str, headers: httpx.Headers, body: bytes) -> tuple[Any, ...]:
        headers["X-Extra"] = "1"
        return url, headers, body

    client.register_compliance_hook("protected_request", add_header)
    await done(use_dpop(client, key).get(f"{server.origin}/api"))
    assert server.received[0].headers["x-extra"] == "1"


async def test_neither_token_nor_private_key_reaches_a_log(
    open_client: Open, server: DpopServer, key: DpopKey, caplog: pytest.LogCaptureFixture
) -> None:
    for library in (None, "authlib", "httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=library)
    await done(open_client(token=EXPIRED).get(f"{server.origin}/api"))
    assert caplog.records
    for secret in (ACCESS_TOKEN, "the-refresh-token", "refresh-1", "s3cret", key.to_jwk()["d"]):
        assert secret not in caplog.text
