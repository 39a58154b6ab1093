"""A proof decoded for people shows no private key."""

import json
from typing import Any

import pytest

from app.dpop.decoded import NOT_SHOWN, TOO_DEEP, bound_to, decode
from tests.unit.dpop.support import a_key, a_proof

PRIVATE: dict[str, Any] = a_key().key.as_dict(private=True)


def test_header_claims_and_thumbprint_are_there() -> None:
    found = decode(a_proof(jti="my-jti"))
    assert found.header is not None
    assert found.header["jwk"] == a_key().public_jwk
    assert found.claims is not None
    assert found.claims["jti"] == "my-jti"
    assert found.thumbprint == a_key().jkt


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": PRIVATE},
        {"jwk": [PRIVATE]},
        {"jwk": {"d": PRIVATE["d"]}},
        {"jwk": json.dumps(PRIVATE)},
        {"keys": [{"deep": PRIVATE}]},
        {"x5c": [f"-----BEGIN PRIVATE KEY-----{PRIVATE['d']}"]},
    ],
)
def test_private_members_are_named_and_not_shown_wherever_they_are(header: dict[str, Any]) -> None:
    for proof in (a_key().proof(header=header), a_proof(**header)):
        shown = json.dumps([decode(proof).header, decode(proof).claims])
        assert PRIVATE["d"] not in shown
        assert NOT_SHOWN in shown


def test_the_public_members_beside_them_are_shown() -> None:
    header = decode(a_key().proof(header={"jwk": PRIVATE})).header
    assert header is not None
    assert header["jwk"] == {**PRIVATE, "d": NOT_SHOWN}


def test_what_is_nested_too_deep_is_left_out() -> None:
    nested: Any = "bottom"
    for _ in range(300):
        nested = [nested]
    shown = json.dumps(decode(a_proof(nested=nested)).claims)
    assert TOO_DEEP in shown
    assert "bottom" not in shown


@pytest.mark.parametrize("value", ["", "a.b", "..", "é.é.é", "e30", "[].[].", "a" * 9000])
def test_of_what_cannot_be_read_nothing_is_shown(value: str) -> None:
    found = decode(value)
    assert (found.header, found.claims, found.thumbprint) == (None, None, None)


@pytest.mark.parametrize(
    ("claims", "jkt"),
    [
        ({"cnf": {"jkt": "j"}}, "j"),
        ({"cnf": {"jkt": 5}}, None),
        ({"cnf": "j"}, None),
        ({}, None),
    ],
)
def test_the_key_an_access_token_is_bound_to_is_read(
    claims: dict[str, Any], jkt: str | None
) -> None:
    assert bound_to(a_key().sign({"alg": "ES256"}, claims)) == jkt
    assert bound_to("opaque") is None
