import json
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey

from app.client import DpopKey
from tests.builders import s256

from .server import taken_apart

EVERY_ALG = ["ES256", "ES384", "ES512", "EdDSA", "Ed25519", "PS256", "PS384", "PS512", "RS256"]

# RFC 8037 Appendix A.1 and A.3.
RFC8037_KEY = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
RFC8037_THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("alg", EVERY_ALG)
@pytest.mark.rfc("9449", "4.2")
def test_a_key_of_every_algorithm_signs_what_its_own_header_verifies(alg: str) -> None:
    header, claims = taken_apart(DpopKey.generate(alg).sign({"jti": "1"}))
    assert (header["alg"], claims) == (alg, {"jti": "1"})


@pytest.mark.parametrize("alg", EVERY_ALG)
@pytest.mark.rfc("7638", "3")
def test_the_thumbprint_is_the_hash_of_the_required_members_in_order(alg: str) -> None:
    key = DpopKey.generate(alg)
    canonical = json.dumps(key.public_jwk, sort_keys=True, separators=(",", ":"))
    assert key.thumbprint == s256(canonical)


@pytest.mark.rfc("8037", "A.3")
def test_the_thumbprint_of_the_rfc_s_key_is_the_rfc_s() -> None:
    assert DpopKey.from_jwk(RFC8037_KEY).thumbprint == RFC8037_THUMBPRINT


@pytest.mark.parametrize("alg", EVERY_ALG)
@pytest.mark.rfc("9449", "4.2")
def test_the_public_jwk_holds_no_private_member(alg: str) -> None:
    private_members = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
    assert not private_members & DpopKey.generate(alg).public_jwk.keys()


@pytest.mark.parametrize("alg", EVERY_ALG)
def test_a_key_comes_back_from_its_jwk_with_its_algorithm(alg: str) -> None:
    key = DpopKey.generate(alg)
    again = DpopKey.from_jwk(json.loads(json.dumps(key.to_jwk())))
    assert (again.alg, again.thumbprint) == (alg, key.thumbprint)
    assert taken_apart(again.sign({}))[0]["jwk"] == key.public_jwk


@pytest.mark.parametrize(
    ("curve", "alg"), [("P-256", "ES256"), ("P-384", "ES384"), ("P-521", "ES512")]
)
def test_a_jwk_without_alg_gets_that_of_its_curve(curve: str, alg: str) -> None:
    jwk = ECKey.generate_key(curve).as_dict(private=True)
    assert DpopKey.from_jwk(jwk).alg == alg


@pytest.mark.parametrize(
    ("jwk", "reason"),
    [
        (ECKey.generate_key().as_dict(private=False), "not the private half"),
        (OctKey.generate_key().as_dict(private=True), "not the private half"),
        ({"kty": "EC", "crv": "P-256"}, "not a well-formed key"),
        ({"kty": "EC", "crv": "P-256", "x": 1, "y": "AA", "d": "AA"}, "not a well-formed key"),
        ({"kty": "EC", "crv": "P-0", "x": "AA", "y": "AA", "d": "AA"}, "not a well-formed key"),
        ({}, "not a well-formed key"),
        (RFC8037_KEY | {"x": "A" * 43}, "public half is not that of its private half"),
        (OKPKey.generate_key("X25519").as_dict(private=True), "OKP X25519 key cannot sign"),
        (ECKey.generate_key().as_dict(private=True, alg="ES384"), "P-256 key cannot sign ES384"),
        (ECKey.generate_key().as_dict(private=True, alg="HS256"), "P-256 key cannot sign HS256"),
    ],
)
def test_a_jwk_that_cannot_sign_proofs_is_refused_with_the_reason(
    jwk: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        DpopKey.from_jwk(jwk)


@pytest.mark.parametrize("alg", ["HS256", "none", "Ed448", ""])
@pytest.mark.rfc("9449", "4.2")
def test_no_key_is_made_for_an_algorithm_that_cannot_prove_possession(alg: str) -> None:
    with pytest.raises(ValueError, match="expected one of ES256"):
        DpopKey.generate(alg)


def test_the_repr_of_a_key_shows_its_thumbprint_and_no_private_member() -> None:
    key = DpopKey.from_jwk(RFC8037_KEY)
    assert repr(key) == f"<DpopKey EdDSA {RFC8037_THUMBPRINT}>"
    assert RFC8037_KEY["d"] not in repr(vars(key))
