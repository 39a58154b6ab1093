from collections.abc import Iterator
from typing import Any

import pytest
from starlette.responses import JSONResponse

from app.client import BodyNotReplayable, DpopKey
from app.client.authlib_requests import (
    OAuth2Session,
    OAuthError,
    UnsupportedTokenTypeError,
    use_dpop,
)
from tests.builders import s256

from .server import ACCESS_TOKEN, DpopServer, running

TOKEN = {"access_token": ACCESS_TOKEN, "token_type": "DPoP", "refresh_token": "the-refresh-token"}


@pytest.fixture
def session(server: DpopServer, key: DpopKey) -> Iterator[Any]:
    session = OAuth2Session(
        client_id="web",
        client_secret="s3cret",
        token_endpoint=f"{server.origin}/token",
        token=TOKEN,
        trust_env=False,
    )
    with session:
        yield use_dpop(session, key)


@pytest.mark.rfc("9449", "5")
def test_a_token_request_carries_a_proof_and_the_client_s_own_authentication(
    session: Any, server: DpopServer, key: DpopKey
) -> None:
    assert session.fetch_token(grant_type="client_credentials")["access_token"] == ACCESS_TOKEN
    [received] = server.received
    assert received.proof_header["jwk"] == key.public_jwk
    assert received.proof["htu"] == f"{server.origin}/token"
    assert "ath" not in received.proof
    assert received.headers["authorization"].startswith("Basic ")


@pytest.mark.rfc("9449", "7.1")
def test_a_resource_gets_the_token_by_the_dpop_scheme_and_its_hash_in_the_proof(
    session: Any, server: DpopServer
) -> None:
    assert session.get(f"{server.origin}/api?x=1").json() == {"hello": "world"}
    [received] = server.received
    assert received.headers["authorization"] == f"DPoP {ACCESS_TOKEN}"
    assert received.proof["ath"] == s256(ACCESS_TOKEN)
    assert received.proof["htu"] == f"{server.origin}/api"


@pytest.mark.rfc("9449", "8")
def test_a_challenge_is_answered_once_and_its_nonce_kept_for_token_and_resource(
    session: Any, server: DpopServer
) -> None:
    server.nonce = "n-1"
    session.fetch_token(grant_type="client_credentials")
    assert session.post(f"{server.origin}/api", data=b"body").status_code == 200
    assert [received.proof.get("nonce") for received in server.received] == [None, "n-1", "n-1"]
    first, second, _ = server.received
    assert first.body == second.body
    assert first.proof["jti"] != second.proof["jti"]
    assert second.proof_count == 1


@pytest.mark.rfc("9449", "9")
def test_a_challenge_of_a_resource_is_answered_with_its_nonce(
    session: Any, server: DpopServer
) -> None:
    server.nonce = "n-1"
    answer = session.post(f"{server.origin}/api", data=b"body")
    assert answer.status_code == 200
    assert [received.body for received in server.received] == [b"body", b"body"]
    assert len(answer.history) == 1


def test_a_server_that_challenges_for_ever_is_asked_twice_and_no_more(
    session: Any, server: DpopServer
) -> None:
    server.always = JSONResponse({"error": "use_dpop_nonce"}, 400, {"DPoP-Nonce": "n-1"})
    assert session.post(f"{server.origin}/api").status_code == 400
    assert len(server.received) == 2


def test_a_refusal_reaches_the_caller_as_authlib_s_own_error(
    session: Any, server: DpopServer
) -> None:
    server.always = JSONResponse({"error": "invalid_grant"}, 400, {"DPoP-Nonce": "n-1"})
    with pytest.raises(OAuthError, match="invalid_grant"):
        session.fetch_token(grant_type="client_credentials")
    assert len(server.received) == 1


@pytest.mark.parametrize("call", ["fetch_token", "refresh_token"])
@pytest.mark.rfc("9449", "5")
def test_a_token_that_is_not_bound_is_discarded(
    session: Any, server: DpopServer, call: str
) -> None:
    server.token_type = "Bearer"
    with pytest.raises(UnsupportedTokenTypeError, match="is Bearer, expected DPoP"):
        getattr(session, call)()
    assert session.token == TOKEN


@pytest.mark.parametrize("elsewhere", [True, False], ids=["another origin", "the same origin"])
@pytest.mark.rfc("9449", "4.2")
def test_a_redirect_takes_neither_proof_nor_token_along(
    session: Any, server: DpopServer, *, elsewhere: bool
) -> None:
    with running(DpopServer()) as other:
        origin = other.origin if elsewhere else server.origin
        answer = session.get(f"{server.origin}/redirect?to={origin}/landing")
        assert answer.status_code == 200
        [landed] = [*other.landed, *server.landed]
    assert "dpop" not in landed
    assert "authorization" not in landed


def test_a_streamed_body_that_cannot_be_sent_again_is_said_to_be_so(
    session: Any, server: DpopServer
) -> None:
    server.nonce = "n-1"
    with pytest.raises(BodyNotReplayable, match="send the request again"):
        session.post(f"{server.origin}/api", data=iter([b"once ", b"only"]))
    answer = session.post(f"{server.origin}/api", data=iter([b"once ", b"only"]))
    assert answer.status_code == 200
    assert server.received[-1].body == b"once only"
