"""Writing answers: the only place of errors and of their header fields."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response

from app.dpop.errors import Check, NonceRequired, ProofRefused
from app.http import render
from app.oauth import errors
from app.oauth.description import describe
from app.oauth.errors import (
    InvalidClient,
    InvalidGrant,
    OAuthError,
    PayloadTooLarge,
    TemporarilyUnavailable,
    TooManyAttempts,
    UnsupportedMediaType,
)
from app.oauth.token_response import TokenResponse
from tests.builders import ISSUER, NOW, FrozenClock

ALLOWED = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")
TOKENS = TokenResponse("at", "DPoP", 300, "read", "rt", None)


def body_of(response: Response) -> dict[str, object]:
    assert response.headers["content-type"] == "application/json"
    members: dict[str, object] = json.loads(bytes(response.body))
    return members


def refusal(error: ProofRefused) -> Response:
    return render.proof_refused(error, clock=FrozenClock(), issuer=ISSUER)


@pytest.mark.rfc("6749", "5.2")
@given(st.text())
def test_any_text_becomes_a_description_in_the_characters_allowed(text: str) -> None:
    described = describe(text)
    assert ALLOWED.fullmatch(described)
    assert len(described) == len(text)


@pytest.mark.rfc("6749", "5.2")
def test_quotes_and_backslashes_have_readable_stand_ins() -> None:
    assert describe('say "a\\b"\n\té') == "say 'a/b'  ?"


class TestTokenResponse:
    @pytest.mark.rfc("6749", "5.1")
    def test_nobody_may_cache_it(self) -> None:
        headers = render.token_response(TOKENS).headers
        assert (headers["cache-control"], headers["pragma"]) == ("no-store", "no-cache")

    @pytest.mark.rfc("6749", "5.1")
    def test_absent_members_are_left_out_and_not_null(self) -> None:
        bare = TokenResponse("at", "DPoP", 300, None, None, None)
        assert body_of(render.token_response(bare)) == {
            "access_token": "at",
            "token_type": "DPoP",
            "expires_in": 300,
        }

    @pytest.mark.rfc("9449", "8.2")
    @pytest.mark.parametrize("nonce", [None, "n"])
    def test_a_nonce_is_in_the_header_if_there_is_one(self, nonce: str | None) -> None:
        response = render.token_response(TokenResponse("at", "DPoP", 300, None, None, nonce))
        assert response.headers.get("dpop-nonce") == nonce


class TestOAuthErrors:
    @pytest.mark.rfc("6749", "5.2")
    def test_every_error_has_its_status_and_is_never_cached(self) -> None:
        made: list[OAuthError] = [
            InvalidGrant("x"),
            InvalidClient("x"),
            PayloadTooLarge("x"),
            UnsupportedMediaType("x"),
            TemporarilyUnavailable("x"),
            TooManyAttempts("x", retry_after=7),
            errors.ServerError("x"),
        ]
        answers = [render.oauth_error(error) for error in made]
        assert [answer.status_code for answer in answers] == [400, 401, 413, 415, 503, 429, 500]
        assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}
        for error, answer in zip(made, answers, strict=True):
            assert body_of(answer) == {"error": error.error, "error_description": "x"}

    @pytest.mark.rfc("6749", "5.2")
    def test_only_invalid_client_challenges(self) -> None:
        challenged = render.oauth_error(InvalidClient("x")).headers
        assert challenged["www-authenticate"] == 'Basic realm="token"'
        assert "www-authenticate" not in render.oauth_error(InvalidGrant("x")).headers

    @pytest.mark.rfc("6749", "5.2")
    def test_only_what_passes_says_when_to_come_again(self) -> None:
        assert render.oauth_error(TemporarilyUnavailable("x")).headers["retry-after"] == "1"
        assert render.oauth_error(TooManyAttempts("x", retry_after=7)).headers["retry-after"] == "7"
        assert "retry-after" not in render.oauth_error(InvalidGrant("x")).headers


class TestProofRefusals:
    @pytest.mark.rfc("9449", "5")
    def test_it_says_the_same_to_a_program(self) -> None:
        error = ProofRefused(Check.HTU, "htu is wrong", expected="a", received="b")
        response = refusal(error)
        assert response.status_code == 400
        assert body_of(response) == {
            "error": "invalid_dpop_proof",
            "error_description": "htu is wrong",
            "error_uri": f"{ISSUER}/errors/htu",
            "dpop": {"check": "htu", "server_time": int(NOW), "expected": "a", "received": "b"},
        }

    @pytest.mark.rfc("9449", "5")
    def test_what_is_not_known_is_left_out(self) -> None:
        details = body_of(refusal(ProofRefused(Check.TYP, "x")))["dpop"]
        assert details == {"check": "typ", "server_time": int(NOW)}

    @pytest.mark.rfc("9449", "5")
    def test_what_was_received_is_cut(self) -> None:
        details = body_of(refusal(ProofRefused(Check.TYP, "x", received="r" * 999)))["dpop"]
        assert isinstance(details, dict)
        assert details["received"] == "r" * render.MAX_RECEIVED

    @pytest.mark.rfc("9449", "5")
    def test_what_was_received_may_hold_anything(self) -> None:
        details = body_of(refusal(ProofRefused(Check.TYP, "é", received='\ud800\x00"')))["dpop"]
        assert isinstance(details, dict)
        assert details["received"] == '\ud800\x00"'

    @pytest.mark.rfc("9449", "8")
    def test_only_a_challenge_carries_a_nonce(self) -> None:
        challenge = refusal(NonceRequired("x", nonce="n"))
        assert body_of(challenge)["error"] == "use_dpop_nonce"
        assert challenge.headers["dpop-nonce"] == "n"
        assert "dpop-nonce" not in refusal(ProofRefused(Check.NONCE, "x")).headers


def test_a_public_document_may_be_cached() -> None:
    response = render.public_json({"a": 1}, max_age=300)
    assert response.headers["cache-control"] == "public, max-age=300"
    assert "pragma" not in response.headers
