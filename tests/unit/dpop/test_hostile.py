"""Whatever comes in, the verifier answers with facts or with a refusal, and nothing else."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dpop.errors import ProofRefused
from app.dpop.proof import VerifiedProof, verify
from tests.builders import NOW, TOKEN_ENDPOINT, b64url
from tests.unit.dpop.support import EVERY_ALG, a_key, a_proof, judged

pytestmark = pytest.mark.rfc("9449", "4.3")

texts = st.text(max_size=30)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
encoded = st.binary(max_size=70).map(b64url)
header_names = st.sampled_from(["typ", "alg", "jwk", "crit", "kid", "jku", "x5c", "b64"])
claim_names = st.sampled_from(["jti", "htm", "htu", "iat", "nonce", "ath", "exp"])
jwk_names = st.sampled_from(["kty", "crv", "x", "y", "n", "e", "use", "alg", "d", "key_ops"])
signers = st.sampled_from(["ES256", "ES512", "EdDSA", "RS256", "PS256"])


def judge(*values: str) -> None:
    """Assert that the verifier returns, and that what it says can be told to the client."""
    outcome = judged(verify, values, method="POST", uri=TOKEN_ENDPOINT, algs=EVERY_ALG)
    if isinstance(outcome, ProofRefused):
        assert outcome.error == "invalid_dpop_proof"
        assert json.dumps([outcome.description, outcome.expected, outcome.received])
        assert len(outcome.received or "") <= 200
    else:
        assert outcome is None or isinstance(outcome, VerifiedProof)
        assert bool(values) == (outcome is not None)


@given(st.lists(st.text(max_size=200), max_size=3))
def test_any_field_values(values: list[str]) -> None:
    judge(*values)


@given(st.lists(st.text("abcAZ019-_=.,{}\n ", max_size=40), max_size=2))
def test_any_field_values_that_look_like_a_jws(values: list[str]) -> None:
    judge(*values)


@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=100))
def test_any_bytes_in_the_three_parts(header: bytes, payload: bytes, signature: bytes) -> None:
    judge(f"{b64url(header)}.{b64url(payload)}.{b64url(signature)}")


@given(st.binary(max_size=200))
def test_any_signed_bytes_as_payload(payload: bytes) -> None:
    key = a_key()
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.public_jwk}
    judge(key.sign(header, payload))


@given(json_values, json_values)
def test_any_json_as_header_and_payload(header: Any, payload: Any) -> None:
    key = a_key()
    judge(key.sign_raw(json.dumps(header).encode(), json.dumps(payload).encode()))


@given(st.dictionaries(header_names, json_values, max_size=3))
def test_any_values_of_the_header_members(members: dict[str, Any]) -> None:
    judge(a_key().proof(header=members))


@given(st.dictionaries(claim_names, json_values, max_size=4))
def test_any_values_of_the_claims(claims: dict[str, Any]) -> None:
    judge(a_proof(**claims))


@given(signers, st.dictionaries(jwk_names, json_values | encoded, max_size=3))
def test_any_values_of_the_key(signer: str, members: dict[str, Any]) -> None:
    key = a_key(signer)
    judge(key.proof(header={"jwk": key.public_jwk | members}))


@given(st.sampled_from(["P-256", "P-384", "P-521"]), st.binary(min_size=66, max_size=66))
def test_any_octets_as_a_point(crv: str, raw: bytes) -> None:
    size = {"P-256": 32, "P-384": 48, "P-521": 66}[crv]
    alg = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}[crv]
    jwk = {"kty": "EC", "crv": crv, "x": b64url(raw[:size]), "y": b64url(raw[-size:])}
    judge(a_key(alg).proof(header={"jwk": jwk}))


@given(st.binary(min_size=32, max_size=32))
def test_any_octets_as_an_ed25519_key(raw: bytes) -> None:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64url(raw)}
    judge(a_key("EdDSA").proof(header={"jwk": jwk}))


@given(
    signers.filter(lambda alg: alg[1] == "S"),
    st.binary(min_size=255, max_size=257),
    st.integers(1, 2**33).map(lambda e: b64url(e.to_bytes((e.bit_length() + 7) // 8, "big"))),
)
def test_any_numbers_as_an_rsa_key(signer: str, modulus: bytes, exponent: str) -> None:
    jwk = {"kty": "RSA", "n": b64url(modulus), "e": exponent}
    judge(a_key("RS256").proof(header={"alg": signer, "jwk": jwk}))


@given(st.data())
def test_a_proof_of_which_one_character_was_changed_is_refused(data: st.DataObject) -> None:
    proof = a_proof(jti="j", iat=NOW)
    place = data.draw(st.integers(0, len(proof) - 1))
    changed = proof[:place] + data.draw(st.characters()) + proof[place + 1 :]
    judge(changed)
    outcome = judged(verify, [changed], method="POST", uri=TOKEN_ENDPOINT, algs=EVERY_ALG)
    assert isinstance(outcome, ProofRefused) == (changed != proof)


@given(st.integers(0, 400), st.sampled_from([b"[", b'{"a":']))
def test_any_depth_of_nesting(depth: int, opening: bytes) -> None:
    key = a_key()
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.public_jwk}
    closing = b"]" if opening == b"[" else b"}"
    judge(key.sign(header, b'{"x":' + opening * depth + b"1" + closing * depth + b"}"))
