"""Verifying a whole proof: header.count, typ, signature, htm, htu, and their order."""

import dataclasses
from itertools import combinations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from joserfc import jws

from app.dpop.errors import Check
from app.dpop.proof import verify
from tests.builders import ISSUER, NOW, TOKEN_ENDPOINT, DpopKey, b64url
from tests.unit.dpop.support import (
    ALGS,
    EVERY_ALG,
    a_key,
    a_proof,
    assert_refused,
    refusal,
    verified,
)

pytestmark = pytest.mark.rfc("9449", "4.3")


def test_a_request_without_a_proof_is_no_refusal() -> None:
    assert verify([], method="POST", uri=TOKEN_ENDPOINT, algs=EVERY_ALG) is None


def test_a_verified_proof_says_what_was_signed() -> None:
    proof = verified(a_proof(jti="j", iat=NOW, nonce="n", ath="a", htu=f"{ISSUER}/./token?x"))
    assert dataclasses.asdict(proof) == {
        "jkt": a_key().jkt,
        "alg": "ES256",
        "jti": "j",
        "htm": "POST",
        "htu": TOKEN_ENDPOINT,
        "iat": NOW,
        "nonce": "n",
        "ath": "a",
    }


def test_a_verified_proof_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        verified(a_proof()).jkt = "other"  # type: ignore[misc]  # the very thing that must fail


def test_the_same_proof_verifies_again_and_again() -> None:
    proof = a_proof()
    assert verified(proof) == verified(proof)


def test_two_header_fields_are_refused() -> None:
    refusal = assert_refused(Check.HEADER_COUNT, a_proof(), a_proof())
    assert (refusal.expected, refusal.received) == ("1", "2")


@pytest.mark.parametrize("joined", ["{0},{1}", "{0}, {1}", "{0},", ",{0}", ","])
def test_values_joined_by_commas_are_refused(joined: str) -> None:
    assert_refused(Check.HEADER_COUNT, joined.format(a_proof(), a_proof()))


@pytest.mark.rfc("9110", "5.5")
def test_white_space_around_the_field_value_is_not_part_of_it() -> None:
    assert verified(f" \t{a_proof(jti='j')}\t ").jti == "j"


@pytest.mark.parametrize("value", ["", " ", "null", "DPoP x.y.z", "Bearer x"])
def test_an_empty_or_foreign_value_is_refused(value: str) -> None:
    assert_refused(Check.JWT_FORM, value)


@pytest.mark.parametrize(
    "typ",
    ["JWT", "jwt", "DPoP+JWT", "dpop+jwt ", "application/dpop+jwt", "at+jwt", "", None, 1, []],
)
@pytest.mark.rfc("9449", "11.5")
def test_another_typ_is_refused(typ: object) -> None:
    assert assert_refused(Check.TYP, a_key().proof(header={"typ": typ})).expected == "dpop+jwt"


def test_a_proof_without_typ_is_refused() -> None:
    assert assert_refused(Check.TYP, a_key().proof(without_header=("typ",))).received == "no typ"


@pytest.mark.parametrize("alg", ALGS)
def test_a_signature_by_another_key_is_refused(alg: str) -> None:
    other = DpopKey(alg)
    assert_refused(Check.SIGNATURE, a_key(alg).proof(header={"jwk": other.public_jwk}))


@pytest.mark.parametrize("alg", ALGS)
@pytest.mark.parametrize("signature", ["", "AAAA", "A" * 86, "A" * 4096])
def test_a_made_up_signature_is_refused(alg: str, signature: str) -> None:
    signed = a_key(alg).proof().rpartition(".")[0]
    assert_refused(Check.SIGNATURE, f"{signed}.{signature}")


@pytest.mark.parametrize("part", [0, 1])
def test_a_signature_over_other_content_is_refused(part: int) -> None:
    mine, other = a_proof(jti="a").split("."), a_key().proof(header={"x": 1}, jti="b").split(".")
    mine[part] = other[part]
    assert_refused(Check.SIGNATURE, ".".join(mine))


@pytest.mark.parametrize(
    ("alg", "signed_by"),
    [("PS256", "RS256"), ("RS256", "PS256"), ("PS256", "PS384"), ("PS512", "PS256")],
)
def test_a_signature_by_another_algorithm_of_the_same_key_is_refused(
    alg: str, signed_by: str
) -> None:
    assert_refused(Check.SIGNATURE, a_key(signed_by).proof(header={"alg": alg}))


def test_a_der_encoded_ecdsa_signature_is_refused() -> None:
    signed = a_proof().rpartition(".")[0]
    der = a_key().key.private_key.sign(signed.encode(), ECDSA(hashes.SHA256()))
    assert_refused(Check.SIGNATURE, f"{signed}.{b64url(der)}")


def test_a_proof_made_by_the_library_alone_is_taken() -> None:
    key = a_key()
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.public_jwk}
    claims = f'{{"jti":"j","htm":"POST","htu":"{TOKEN_ENDPOINT}","iat":1}}'
    value = jws.serialize_compact(header, claims, key.key, algorithms=["ES256"])
    assert verified(value).jkt == key.jkt


@pytest.mark.parametrize("htm", ["GET", "post", "Post", "POST ", "", "PATCH"])
def test_another_method_is_refused_case_being_significant(htm: str) -> None:
    refusal = assert_refused(Check.HTM, a_proof(htm=htm))
    assert (refusal.expected, refusal.received) == ("POST", htm)


def test_any_method_can_be_proved() -> None:
    assert verified(a_proof(htm="QUERY"), method="QUERY").htm == "QUERY"


@pytest.mark.parametrize("uri", [f"{ISSUER}/par", "https://as.example/token", ISSUER])
def test_another_uri_is_refused(uri: str) -> None:
    assert_refused(Check.HTU, a_proof(htu=uri))
    assert_refused(Check.HTU, a_proof(), uri=uri)


def test_what_is_shown_of_the_proof_is_cut_at_200_characters() -> None:
    for found in (
        assert_refused(Check.HTM, a_proof(htm="X" * 4000)),
        assert_refused(Check.HTU, a_proof(htu="X" * 4000)),
        assert_refused(Check.TYP, a_key().proof(header={"typ": "X" * 4000})),
        assert_refused(Check.ALG, a_key().proof(header={"alg": "X" * 4000})),
    ):
        assert found.received is not None
        assert len(found.received) == 200


BREAKS = (
    Check.HEADER_COUNT,
    Check.JWT_FORM,
    Check.TYP,
    Check.ALG,
    Check.JWK,
    Check.SIGNATURE,
    Check.CLAIMS,
    Check.HTM,
    Check.HTU,
)


def broken(*checks: Check) -> list[str]:
    """Return the field values of a proof that fails these checks and no other."""
    key = a_key()
    headers: dict[Check, dict[str, object]] = {
        Check.TYP: {"typ": "JWT"},
        Check.ALG: {"alg": "none"},
        Check.JWK: {"jwk": {"kty": "EC"}},
    }
    claims = {
        Check.CLAIMS: {"jti": ""},
        Check.HTM: {"htm": "GET"},
        Check.HTU: {"htu": "https://other.example/token"},
    }
    header: dict[str, object] = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.public_jwk}
    payload: dict[str, object] = {"jti": "j", "htm": "POST", "htu": TOKEN_ENDPOINT, "iat": NOW}
    for check in checks:
        header |= headers.get(check, {})
        payload |= claims.get(check, {})
    proof = key.sign(header, payload)
    if Check.SIGNATURE in checks:
        proof = proof.rpartition(".")[0] + "." + "A" * 86
    if Check.JWT_FORM in checks:
        proof += "="
    return [proof, proof] if Check.HEADER_COUNT in checks else [proof]


@pytest.mark.parametrize("check", BREAKS)
def test_each_check_can_fail_alone(check: Check) -> None:
    assert_refused(check, *broken(check))


@pytest.mark.parametrize(("first", "second"), list(combinations(BREAKS, 2)))
def test_the_first_check_that_fails_is_the_one_reported(first: Check, second: Check) -> None:
    assert refusal(verified, *broken(first, second)).check is first


def test_the_checks_are_listed_in_the_order_they_are_made() -> None:
    order = list(Check)
    assert [check for check in order if check in BREAKS] == list(BREAKS)
