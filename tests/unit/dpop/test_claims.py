"""The claims of a proof: check claims."""

from typing import Any

import pytest

from app.dpop.errors import Check
from tests.builders import NOW
from tests.unit.dpop.support import ABSENT, a_key, a_proof, assert_refused, verified

pytestmark = pytest.mark.rfc("9449", "4.2")

CLAIMS = Check.CLAIMS


@pytest.mark.parametrize("claim", ["jti", "htm", "htu", "iat"])
def test_a_proof_without_a_required_claim_is_refused(claim: str) -> None:
    refusal = assert_refused(CLAIMS, a_proof(**{claim: ABSENT}))
    assert f"'{claim}'" in refusal.description
    assert refusal.received == "nothing"


@pytest.mark.parametrize("claim", ["jti", "htm", "htu", "nonce", "ath"])
@pytest.mark.parametrize("value", [None, 1, 1.5, True, [], ["x"], {}])
def test_a_text_claim_that_is_no_string_is_refused(claim: str, value: object) -> None:
    assert assert_refused(CLAIMS, a_proof(**{claim: value})).expected == "a string"


@pytest.mark.parametrize(
    ("value", "received"),
    [
        ("1800000000", "1800000000"),
        (None, "null"),
        (True, "true"),
        (False, "false"),
        ([1], "an array"),
        ({"s": 1}, "an object"),
    ],
)
@pytest.mark.rfc("7519", "2")
def test_an_iat_that_is_no_number_is_refused(value: object, received: str) -> None:
    refusal = assert_refused(CLAIMS, a_proof(iat=value))
    assert (refusal.expected, refusal.received) == ("a number", received)


@pytest.mark.parametrize("iat", [-1, -0.5, NOW * 1000, 253_402_300_800, 10**400, 1e300, -(10**400)])
def test_an_iat_that_is_no_time_in_seconds_is_refused(iat: float) -> None:
    assert "milliseconds" in assert_refused(CLAIMS, a_proof(iat=iat)).description


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" + "0" * 4000])
def test_an_iat_that_no_float_holds_is_refused(number: str) -> None:
    key = a_key()
    header = f'{{"typ":"dpop+jwt","alg":"ES256","jwk":{key.public_jwk}}}'.replace("'", '"')
    payload = f'{{"jti":"j","htm":"POST","htu":"https://as.example/token","iat":{number}}}'
    assert_refused(CLAIMS, key.sign_raw(header.encode(), payload.encode()))


@pytest.mark.parametrize("iat", [0, 0.0, int(NOW), NOW + 0.25, 253_402_300_799])
def test_an_iat_may_be_whole_or_not_and_is_not_compared_with_a_clock(iat: float) -> None:
    assert verified(a_proof(iat=iat)).iat == iat


@pytest.mark.parametrize("length", [1, 256])
def test_a_jti_of_1_to_256_characters_is_taken(length: int) -> None:
    assert verified(a_proof(jti="é" * length)).jti == "é" * length


@pytest.mark.parametrize("length", [0, 257, 4000])
@pytest.mark.rfc("9449", "11.1")
def test_an_empty_or_overlong_jti_is_refused(length: int) -> None:
    assert assert_refused(CLAIMS, a_proof(jti="j" * length)).received == f"{length} characters"


def test_nonce_and_ath_are_reported_if_they_are_there() -> None:
    plain = verified(a_proof())
    assert (plain.nonce, plain.ath) == (None, None)
    full = verified(a_proof(nonce="n", ath="a"))
    assert (full.nonce, full.ath) == ("n", "a")


def test_other_claims_are_ignored() -> None:
    extra: dict[str, Any] = {"exp": 1, "nbf": 1e300, "iss": 5, "aud": [], "cnf": {"jkt": "x"}}
    assert verified(a_proof(jti="j", **extra)).jti == "j"
