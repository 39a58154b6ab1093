"""The keys of private_key_jwt: a valid set, and one thing broken in it."""

from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from app.management import client_jwks
from app.management.errors import Refused

EC = ECKey.generate_key("P-256").as_dict(private=False)
OKP = OKPKey.generate_key("Ed25519").as_dict(private=False)
RSA = RSAKey.generate_key(2048).as_dict(private=False)


def refusal(*keys: Any) -> str:
    with pytest.raises(Refused) as refused:
        client_jwks.check({"keys": list(keys)})
    assert refused.value.field == "jwks"
    return refused.value.sentence


@pytest.mark.parametrize("key", [EC, OKP, RSA], ids=["EC", "OKP", "RSA"])
def test_a_public_key_is_taken(key: dict[str, Any]) -> None:
    client_jwks.check({"keys": [key]})
    assert refusal() != ""


@pytest.mark.rfc("7517", "5")
@pytest.mark.parametrize("jwks", [{}, {"keys": {}}, {"keys": []}, {"keys": "none"}])
def test_a_set_is_an_array_with_a_key(jwks: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="at least one key"):
        client_jwks.check(jwks)


def test_keys_are_not_without_number() -> None:
    assert "at most 20" in refusal(*[{**EC, "kid": str(n)} for n in range(21)])


@pytest.mark.parametrize("member", sorted(client_jwks.PRIVATE_MEMBERS))
def test_a_private_member_is_refused_and_not_repeated(member: str) -> None:
    sentence = refusal({**EC, member: "c2VjcmV0"})
    assert f"'{member}'" in sentence
    assert "c2VjcmV0" not in sentence


def test_a_symmetric_key_is_refused() -> None:
    assert "symmetric" in refusal({"kty": "oct", "k": "c2VjcmV0"})


@pytest.mark.rfc("7518", "3.3")
def test_a_weak_rsa_key_is_refused() -> None:
    with pytest.warns(Warning, match="2048"):
        weak = RSAKey.generate_key(1024).as_dict(private=False)
    assert "1024 bits" in refusal(weak)


def test_a_curve_without_a_signature_algorithm_is_refused() -> None:
    key = ECKey.generate_key("secp256k1").as_dict(private=False)
    assert "secp256k1" in refusal(key)


@pytest.mark.parametrize(
    "broken",
    [
        "a string",
        {"kty": "EC"},
        {**EC, "kty": "XX"},
        {**EC, "x": "!"},
        {**EC, "x": OKP["x"], "y": OKP["x"]},
        {**EC, "crv": 7},
        {**RSA, "n": 5},
        {**EC, "kid": 5},
        {**EC, "use": "enc"},
    ],
)
def test_what_is_not_a_signature_key_is_refused(broken: Any) -> None:
    assert "key 1" in refusal(broken)


@pytest.mark.rfc("7517", "4.5")
def test_two_keys_have_two_kids() -> None:
    client_jwks.check({"keys": [{**EC, "kid": "a"}, {**OKP, "kid": "b"}]})
    assert "same kid" in refusal({**EC, "kid": "a"}, {**OKP, "kid": "a"})
    assert "needs a kid" in refusal({**EC, "kid": "a"}, OKP)
