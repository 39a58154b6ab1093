import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse, Response

from app.client import BodyNotReplayable, DpopAuth, DpopKey, Nonces, RedirectRefused
from tests.builders import NOW, FrozenClock, s256

from .server import ACCESS_TOKEN, DpopServer, running

Send = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture(params=["Client", "AsyncClient"])
async def send(request: pytest.FixtureRequest) -> AsyncIterator[Send]:
    """Sends one request, by httpx.Client or by httpx.AsyncClient."""
    if request.param == "Client":
        with httpx.Client(trust_env=False) as client:

            async def by_client(*args: Any, **kwargs: Any) -> httpx.Response:
                return await asyncio.to_thread(client.request, *args, **kwargs)

            yield by_client
    else:
        async with httpx.AsyncClient(trust_env=False) as asynchronous:
            yield asynchronous.request


@pytest.fixture
def auth(key: DpopKey) -> DpopAuth:
    return DpopAuth(key, clock=FrozenClock())


@pytest.mark.rfc("9449", "4.1")
async def test_a_request_carries_one_proof_for_its_method_and_url(
    send: Send, server: DpopServer, auth: DpopAuth
) -> None:
    answer = await send("POST", f"{server.origin}/token?x=1", data={"a": "b"}, auth=auth)
    assert answer.status_code == 200
    [received] = server.received
    assert received.proof_count == 1
    assert received.proof["htm"] == "POST"
    assert received.proof["htu"] == f"{server.origin}/token"
    assert received.proof["iat"] == int(NOW)
    assert "ath" not in received.proof
    assert "authorization" not in received.headers


@pytest.mark.rfc("9449", "7.1")
async def test_an_access_token_goes_by_the_dpop_scheme_with_its_hash_in_the_proof(
    send: Send, server: DpopServer, auth: DpopAuth
) -> None:
    answer = await send("GET", f"{server.origin}/api", auth=auth.with_token(ACCESS_TOKEN))
    assert answer.status_code == 200
    [received] = server.received
    assert received.headers["authorization"] == f"DPoP {ACCESS_TOKEN}"
    assert received.proof["ath"] == s256(ACCESS_TOKEN)


@pytest.mark.rfc("9449", "4.2")
async def test_two_requests_carry_two_proofs(
    send: Send, server: DpopServer, auth: DpopAuth
) -> None:
    for _ in range(2):
        await send("GET", f"{server.origin}/api", auth=auth)
    first, second = server.received
    assert first.proof["jti"] != second.proof["jti"]


@pytest.mark.rfc("9449", "8")
async def test_a_challenge_of_the_token_endpoint_is_answered_with_its_nonce_and_a_new_proof(
    send: Send, server: DpopServer, auth: DpopAuth
) -> None:
    server.nonce = "n-1"
    answer = await send("POST", f"{server.origin}/token", data={"a": "b"}, auth=auth)
    assert answer.status_code == 200
    first, second = server.received
    assert "nonce" not in first.proof
    assert second.proof["nonce"] == "n-1"
    assert first.proof["jti"] != second.proof["jti"]
    assert first.body == second.body == b"a=b"
    assert second.proof_count == 1


@pytest.mark.parametrize(
    "challenge",
    [
        'DPoP error="use_dpop_nonce"',
        'DPoP algs="ES256 PS256", error="use_dpop_nonce"',
        "dpop error=use_dpop_nonce",
        'Bearer realm="a, b", DPoP realm="c", error="use_dpop_nonce"',
    ],
)
@pytest.mark.rfc("9449", "9")
async def test_a_challenge_of_a_resource_is_answered_with_its_nonce_and_a_new_proof(
    send: Send, server: DpopServer, auth: DpopAuth, challenge: str
) -> None:
    server.nonce, server.challenge = "n-1", challenge
    answer = await send("GET", f"{server.origin}/api", auth=auth.with_token(ACCESS_TOKEN))
    assert answer.status_code == 200
    first, second = server.received
    assert second.proof["nonce"] == "n-1"
    assert second.proof["ath"] == s256(ACCESS_TOKEN)
    assert first.proof["jti"] != second.proof["jti"]


@pytest.mark.rfc("9449", "8.2")
async def test_the_nonce_of_a_success_is_sent_with_the_next_request(
    send: Send, server: DpopServer, auth: DpopAuth
) -> None:
    server.nonce, server.hand_out = "n-1", "n-2"
    await send("POST", f"{server.origin}/token", auth=auth)
    server.nonce = "n-2"
    answer = await send("GET", f"{server.origin}/api", auth=auth.with_token(ACCESS_TOKEN))
    assert answer.status_code == 200
    assert [received.proof.get("nonce") for received in server.received] == [None, "n-1", "n-2"]


@pytest.mark.rfc("9449", "8.2")
async def test_a_nonce_of_one_server_is_not_sent_to_another(
    send: Send, server: DpopServer, auth: DpopAuth
) -> None:
    server.nonce = "n-1"
    await send("POST", f"{server.origin}/token", auth=auth)
    with running(DpopServer()) as other:
        await send("POST", f"{other.origin}/token", auth=auth)
    assert "nonce" not in other.received[0].proof


def test_clients_may_share_what_they_know_of_nonces(server: DpopServer, key: DpopKey) -> None:
    server.nonce, nonces = "n-1", Nonces()
    for _ in range(2):
        auth = DpopAuth(key, nonces=nonces)
        assert httpx.post(f"{server.origin}/token", auth=auth, trust_env=False).is_success
    assert len(server.received) == 3


def challenging(status: int, **headers: str) -> Response:
    return JSONResponse({"error": "use_dpop_nonce"}, status, headers)


async def test_a_server_that_challenges_for_ever_is_asked_twice_and_no_more(
    send: Send, server: DpopServer, auth: DpopAuth
) -> None:
    server.always = challenging(400, **{"DPoP-Nonce": "n-1"})
    answer = await send("POST", f"{server.origin}/token", auth=auth)
    assert (answer.status_code, len(server.received)) == (400, 2)


@pytest.mark.parametrize(
    "refusal",
    [
        JSONResponse({"error": "invalid_grant"}, 400, {"DPoP-Nonce": "n-1"}),
        JSONResponse(["use_dpop_nonce"], 400, {"DPoP-Nonce": "n-1"}),
        Response("use_dpop_nonce", 400, {"DPoP-Nonce": "n-1"}),
        challenging(400),
        challenging(403, **{"DPoP-Nonce": "n-1"}),
        challenging(401, **{"DPoP-Nonce": "n-1"}),
        challenging(401, **{"DPoP-Nonce": "n", "WWW-Authenticate": 'DPoP error="invalid_token"'}),
        challenging(401, **{"DPoP-Nonce": "n", "WWW-Authenticate": 'X error="use_dpop_nonce"'}),
        challenging(401, **{"WWW-Authenticate": 'DPoP error="use_dpop_nonce"'}),
    ],
)
async def test_a_refusal_that_asks_for_no_nonce_or_brings_none_is_not_retried(
    send: Send, server: DpopServer, auth: DpopAuth, refusal: Response
) -> None:
    server.always = refusal
    answer = await send("POST", f"{server.origin}/token", auth=auth)
    assert (answer.status_code, len(server.received)) == (refusal.status_code, 1)


def chunks() -> Iterator[bytes]:
    yield b"once "
    yield b"only"


async def async_chunks() -> AsyncIterator[bytes]:
    for chunk in chunks():
        yield chunk


def test_a_streamed_body_that_cannot_be_sent_again_is_said_to_be_so(
    server: DpopServer, auth: DpopAuth
) -> None:
    server.nonce, url = "n-1", f"{server.origin}/api"
    with httpx.Client(trust_env=False, auth=auth) as client:
        with pytest.raises(BodyNotReplayable, match="send the request again"):
            client.post(url, content=chunks())
        # What the message promises: the nonce is remembered.
        assert client.post(url, content=chunks()).status_code == 200
    assert [received.proof.get("nonce") for received in server.received] == [None, "n-1"]


async def test_neither_is_one_of_the_asynchronous_client(
    server: DpopServer, auth: DpopAuth
) -> None:
    server.nonce = "n-1"
    async with httpx.AsyncClient(trust_env=False, auth=auth) as client:
        with pytest.raises(BodyNotReplayable):
            await client.post(f"{server.origin}/api", content=async_chunks())
    assert len(server.received) == 1


@pytest.fixture
def holding(key: DpopKey) -> DpopAuth:
    return DpopAuth(key, hold_streams=True).with_token(ACCESS_TOKEN)


def test_a_streamed_body_is_held_and_sent_again_where_that_is_asked_for(
    server: DpopServer, holding: DpopAuth
) -> None:
    server.nonce = "n-1"
    httpx.post(f"{server.origin}/api", content=chunks(), auth=holding, trust_env=False)
    assert [received.body for received in server.received] == [b"once only", b"once only"]


async def test_so_is_one_of_the_asynchronous_client(server: DpopServer, holding: DpopAuth) -> None:
    server.nonce = "n-1"
    async with httpx.AsyncClient(trust_env=False, auth=holding) as client:
        await client.post(f"{server.origin}/api", content=async_chunks())
    assert [received.body for received in server.received] == [b"once only", b"once only"]


def test_a_streamed_body_stays_a_stream_where_no_nonce_is_wanted(
    server: DpopServer, auth: DpopAuth
) -> None:
    answer = httpx.post(f"{server.origin}/api", content=chunks(), auth=auth, trust_env=False)
    assert answer.status_code == 200
    assert server.received[0].headers["transfer-encoding"] == "chunked"


@pytest.mark.parametrize("elsewhere", [True, False], ids=["another origin", "the same origin"])
@pytest.mark.rfc("9449", "4.2")
async def test_a_redirect_takes_the_proof_nowhere(
    send: Send, server: DpopServer, auth: DpopAuth, *, elsewhere: bool
) -> None:
    with running(DpopServer()) as other:
        origin = other.origin if elsewhere else server.origin
        url = f"{server.origin}/redirect?to={origin}/landing"
        with pytest.raises(RedirectRefused, match="a request of your own to the new URL"):
            await send("POST", url, auth=auth.with_token(ACCESS_TOKEN), follow_redirects=True)
        assert (other.landed, server.landed) == ([], [])
    assert len(server.received) == 1


async def test_a_redirect_that_is_not_followed_reaches_the_caller(
    send: Send, server: DpopServer, auth: DpopAuth
) -> None:
    answer = await send("GET", f"{server.origin}/redirect?to=/landing", auth=auth)
    assert answer.status_code == 307


SENT = "http11.send_request_headers.started"


def test_a_trace_of_the_caller_s_own_is_still_called(server: DpopServer, auth: DpopAuth) -> None:
    seen: list[str] = []
    with httpx.Client(trust_env=False, auth=auth) as client:
        trace = {"trace": lambda event, _: seen.append(event)}
        client.get(f"{server.origin}/api?x=1#top", extensions=trace)
    assert seen.count(SENT) == 1


async def test_so_is_that_of_an_asynchronous_client(server: DpopServer, auth: DpopAuth) -> None:
    seen: list[str] = []

    async def trace(event: str, _: object) -> None:
        seen.append(event)

    async with httpx.AsyncClient(trust_env=False, auth=auth) as client:
        await client.get(f"{server.origin}/api?x=1#top", extensions={"trace": trace})
    assert seen.count(SENT) == 1


def test_a_proxy_may_stand_in_between(server: DpopServer, auth: DpopAuth) -> None:
    with httpx.Client(trust_env=False, auth=auth, proxy=server.origin) as client:
        answer = client.post("http://api.example/token?x=1")
    assert answer.status_code == 200
    assert server.received[0].proof["htu"] == "http://api.example/token"


async def test_a_streamed_answer_stays_a_stream(server: DpopServer, auth: DpopAuth) -> None:
    with httpx.stream("GET", f"{server.origin}/stream", auth=auth, trust_env=False) as answer:
        assert not answer.is_stream_consumed
    async with (
        httpx.AsyncClient(trust_env=False) as client,
        client.stream("GET", f"{server.origin}/stream", auth=auth) as streamed,
    ):
        assert not streamed.is_stream_consumed


async def test_neither_token_nor_private_key_reaches_a_log(
    send: Send, server: DpopServer, auth: DpopAuth, key: DpopKey, caplog: pytest.LogCaptureFixture
) -> None:
    server.nonce = "n-1"
    for library in (None, "httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=library)
    await send("GET", f"{server.origin}/api", auth=auth.with_token(ACCESS_TOKEN))
    assert caplog.records
    assert ACCESS_TOKEN not in caplog.text
    assert key.to_jwk()["d"] not in caplog.text
