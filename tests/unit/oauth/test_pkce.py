"""Proof key for code exchange, RFC 7636."""

import pytest

from app.oauth import pkce
from app.oauth.errors import InvalidGrant, InvalidRequest

# RFC 7636 Appendix B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.rfc("7636", "4.2")
def test_the_challenge_is_that_of_appendix_b() -> None:
    assert pkce.challenge_of(VERIFIER) == CHALLENGE


@pytest.mark.rfc("7636", "4.3")
def test_an_s256_challenge_is_taken() -> None:
    assert pkce.check_challenge(CHALLENGE, "S256") == CHALLENGE


@pytest.mark.rfc("7636", "4.4.1")
def test_a_missing_challenge_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="code_challenge is missing"):
        pkce.check_challenge(None, "S256")


@pytest.mark.rfc("7636", "4.3")
@pytest.mark.parametrize("method", [None, "plain", "s256", "S512"])
def test_every_method_but_s256_is_refused(method: str | None) -> None:
    with pytest.raises(InvalidRequest, match="expected code_challenge_method S256"):
        pkce.check_challenge(CHALLENGE, method)


@pytest.mark.rfc("7636", "4.2")
@pytest.mark.parametrize(
    "challenge", [CHALLENGE[:-1], CHALLENGE + "A", CHALLENGE[:-1] + "=", "+" + CHALLENGE[1:]]
)
def test_a_challenge_that_is_no_sha256_in_base64url_is_refused(challenge: str) -> None:
    with pytest.raises(InvalidRequest, match="43 base64url characters"):
        pkce.check_challenge(challenge, "S256")


@pytest.mark.rfc("7636", "4.6")
@pytest.mark.parametrize("verifier", [VERIFIER, "a" * 43, "a" * 128, "~._-" * 11])
def test_the_verifier_of_the_challenge_passes(verifier: str) -> None:
    pkce.check_verifier(verifier, pkce.challenge_of(verifier))
    assert pkce.challenge_of(verifier) != verifier


@pytest.mark.rfc("7636", "4.6")
def test_another_verifier_is_an_invalid_grant() -> None:
    with pytest.raises(InvalidGrant, match="does not match"):
        pkce.check_verifier("a" * 43, CHALLENGE)


@pytest.mark.rfc("7636", "4.5")
def test_a_missing_verifier_is_an_invalid_request() -> None:
    with pytest.raises(InvalidRequest, match="code_verifier is missing"):
        pkce.check_verifier(None, CHALLENGE)


@pytest.mark.rfc("7636", "4.1")
@pytest.mark.parametrize("verifier", ["a" * 42, "a" * 129, "a" * 42 + "+", "a" * 42 + "é", ""])
def test_a_verifier_outside_the_grammar_is_an_invalid_request(verifier: str) -> None:
    with pytest.raises(InvalidRequest, match="43 to 128 characters"):
        pkce.check_verifier(verifier, CHALLENGE)
