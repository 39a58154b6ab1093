"""The algorithm of a proof: check alg."""

import base64

import pytest
from joserfc.jwk import OKPKey

from app.dpop.algorithms import ALGORITHMS
from app.dpop.errors import Check
from tests.builders import DpopKey
from tests.unit.dpop.support import ALGS, EVERY_ALG, a_key, assert_refused, verified

pytestmark = pytest.mark.rfc("9449", "4.3")


@pytest.mark.parametrize("alg", ALGS)
def test_a_proof_by_each_asymmetric_algorithm_is_taken(alg: str) -> None:
    proof = verified(a_key(alg).proof())
    assert (proof.alg, proof.jkt) == (alg, a_key(alg).jkt)


def test_no_other_algorithm_can_be_configured() -> None:
    assert set(ALGORITHMS) == set(ALGS)


@pytest.mark.parametrize(
    "alg",
    ["none", "None", "NONE", "", "HS256", "HS384", "HS512", "ES256K", "Ed448", "RS1", "es256"],
)
def test_none_hmac_and_unknown_algorithms_are_refused_even_if_configured(alg: str) -> None:
    proof = a_key().proof(header={"alg": alg})
    refusal = assert_refused(Check.ALG, proof, algs=EVERY_ALG | {alg})
    assert refusal.received == alg


@pytest.mark.parametrize("alg", [None, 1, True, ["ES256"], {"ES256": 1}])
def test_an_alg_that_is_no_string_is_refused(alg: object) -> None:
    assert_refused(Check.ALG, a_key().proof(header={"alg": alg}))


def test_a_proof_without_alg_is_refused() -> None:
    assert assert_refused(Check.ALG, a_key().proof(without_header=("alg",))).received == "no alg"


def test_a_proof_with_alg_none_and_no_signature_is_refused() -> None:
    header, payload, _ = a_key().proof(header={"alg": "none"}).split(".")
    assert_refused(Check.ALG, f"{header}.{payload}.", algs=EVERY_ALG | {"none"})


def test_an_algorithm_outside_the_configured_list_is_refused_and_the_list_told() -> None:
    refusal = assert_refused(
        Check.ALG, a_key("RS256").proof(), algs=frozenset({"PS256", "ES256", "HS256"})
    )
    assert (refusal.expected, refusal.received) == ("ES256, PS256", "RS256")


@pytest.mark.parametrize("crit", [["exp"], ["b64"], [], "exp", None])
@pytest.mark.rfc("7515", "4.1.11")
def test_a_critical_header_is_refused(crit: object) -> None:
    assert_refused(Check.ALG, a_key().proof(header={"crit": crit, "exp": 1, "b64": True}))


@pytest.mark.rfc("7515", "4")
def test_unknown_header_members_are_ignored() -> None:
    header = {"cty": "x", "b64": True, "nonce": 5, "x": {"y": ["z"]}, "iat": None}
    assert verified(a_key().proof(header=header)).jkt == a_key().jkt


def test_key_references_in_the_header_are_neither_fetched_nor_trusted() -> None:
    other = a_key("ES256", 1)
    header = {
        "kid": other.jkt,
        "jku": "http://127.0.0.1:9/jwks",
        "x5u": "http://127.0.0.1:9/x5u",
        "x5c": [base64.b64encode(b"no certificate").decode()],
        "x5t": 7,
        "x5t#S256": other.jkt,
    }
    assert verified(a_key().proof(header=header)).jkt == a_key().jkt


def test_a_reference_does_not_stand_in_for_a_missing_jwk() -> None:
    header = {"kid": a_key().jkt, "jku": "http://127.0.0.1:9/jwks"}
    assert_refused(Check.JWK, a_key().proof(header=header, without_header=("jwk",)))


def test_a_header_of_more_than_512_bytes_is_taken() -> None:
    proof = a_key("RS256").proof(header={"x": "y" * 600})
    assert len(proof.split(".")[0]) > 1000
    assert verified(proof).alg == "RS256"


@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519"])
def test_an_ed448_key_does_not_slip_in_through_eddsa(alg: str) -> None:
    key = DpopKey(alg, OKPKey.generate_key("Ed448"))
    refusal = assert_refused(Check.JWK, key.proof())
    assert (refusal.expected, refusal.received) == ("kty OKP, crv Ed25519", "kty OKP, crv Ed448")
