"""The form of a proof: check jwt.form."""

import json

import pytest

from app.dpop.errors import Check
from app.dpop.jws import MAX_LENGTH, parse
from tests.builders import b64url
from tests.unit.dpop.support import a_key, a_proof, assert_refused, verified

pytestmark = pytest.mark.rfc("9449", "4.3")

FORM = Check.JWT_FORM


def segments(proof: str) -> list[str]:
    return proof.split(".")


def with_payload(raw: bytes) -> str:
    header, _, signature = segments(a_key().proof())
    return f"{header}.{b64url(raw)}.{signature}"


def test_a_proof_is_taken_apart_into_its_parts() -> None:
    proof = a_key().proof(jti="j1")
    jws = parse(proof)
    assert jws.header["typ"] == "dpop+jwt"
    assert jws.payload["jti"] == "j1"
    assert jws.signing_input.decode() == proof.rpartition(".")[0]
    assert b64url(jws.signature) == segments(proof)[2]


@pytest.mark.parametrize("value", ["", ".", "..", "a", "a.b", "a.b.c.d", "a.b.c.d.e", "{}", "...."])
def test_anything_but_three_parts_with_objects_is_refused(value: str) -> None:
    assert assert_refused(FORM, value).expected is not None


def test_the_number_of_parts_is_told() -> None:
    refusal = assert_refused(FORM, "a.b.c.d.e")
    assert (refusal.expected, refusal.received) == ("3 parts", "5 parts")
    assert assert_refused(FORM, "a").received == "1 part"


def test_a_json_serialisation_is_refused() -> None:
    header, payload, signature = segments(a_key().proof())
    value = json.dumps({"protected": header, "payload": payload, "signature": signature})
    assert_refused(FORM, value.replace(",", ""))


def test_a_proof_of_the_greatest_length_is_read() -> None:
    spare = MAX_LENGTH - len(a_key().proof(jti="j", pad=""))
    proof = a_key().proof(jti="j", pad="x" * (spare * 3 // 4 - 2))
    assert MAX_LENGTH - 8 < len(proof) <= MAX_LENGTH
    assert verified(proof).jti == "j"


def test_a_longer_proof_is_refused_before_it_is_decoded() -> None:
    refusal = assert_refused(FORM, "!" * (MAX_LENGTH + 1))
    assert refusal.received == "8193 characters"


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("stranger", ["=", "+", "/", " ", "\n", "\r", "\t", "!", "é", "\0", "~"])
def test_a_character_outside_base64url_is_refused(part: int, stranger: str) -> None:
    parts = segments(a_key().proof())
    parts[part] = parts[part][:4] + stranger + parts[part][4:]
    assert assert_refused(FORM, ".".join(parts)).received == f"the character '{stranger}'"


@pytest.mark.parametrize("part", [0, 1, 2])
def test_padding_is_refused(part: int) -> None:
    parts = segments(a_key().proof())
    parts[part] += "=" * (-len(parts[part]) % 4 or 4)
    assert_refused(FORM, ".".join(parts))


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_part_of_impossible_length_is_refused(part: int) -> None:
    parts = segments(a_key().proof())
    parts[part] = "A" * 5
    assert_refused(FORM, ".".join(parts))


def test_unused_bits_that_are_not_zero_are_refused() -> None:
    header, payload, signature = segments(a_key().proof())
    assert signature[-1] in "AQgw"
    assert_refused(FORM, f"{header}.{payload}.{signature[:-1]}{chr(ord(signature[-1]) + 1)}")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b'"x"',
        b"1",
        b"null",
        b"true",
        b"{",
        b"{}{}",
        b"{'jti': 'x'}",
        b'{"jti": "x",}',
        b'\xff{"jti": "x"}',
        b'{"jti": "\xff"}',
        b'\xef\xbb\xbf{"jti": "x"}',
        '{"jti": "x"}'.encode("utf-16"),
        b'{"iat": NaN}',
        b'{"iat": Infinity}',
        b'{"iat": -Infinity}',
        b'{"jti": "a\nb"}',
        b'{"iat": ' + b"9" * 5000 + b"}",
        b'{"a": ' + b"[" * 5000,
        b'{"a": ' + b"[" * 2900 + b"]" * 2900 + b"}",
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_a_payload_that_is_no_json_object_in_utf_8_is_refused(raw: bytes) -> None:
    assert_refused(FORM, with_payload(raw))


def test_a_header_that_is_no_json_object_is_refused() -> None:
    _, payload, signature = segments(a_key().proof())
    assert_refused(FORM, f"{b64url(b'[]')}.{payload}.{signature}")


@pytest.mark.parametrize(
    "raw",
    [
        b'{"jti": "a", "jti": "b"}',
        b'{"jti": "a", "\\u006ati": "a"}',
        b'{"x": {"y": 1, "y": 1}}',
        b'{"x": [{"y": 1, "y": 1}]}',
    ],
)
@pytest.mark.rfc("7519", "4")
def test_a_payload_that_names_a_member_twice_is_refused(raw: bytes) -> None:
    assert "more than once" in assert_refused(FORM, with_payload(raw)).description


@pytest.mark.rfc("7515", "4")
def test_a_header_that_names_a_member_twice_is_refused() -> None:
    key = a_key()
    header = json.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": key.public_jwk})
    doubled = header[:-1] + ', "alg": "none"}'
    refusal = assert_refused(FORM, key.sign_raw(doubled.encode(), b"{}"))
    assert "'alg'" in refusal.description


def test_a_jwk_that_names_a_member_twice_is_refused() -> None:
    key = a_key()
    header = json.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": key.public_jwk})
    doubled = header.replace('"kty"', '"kty": "oct", "kty"')
    assert_refused(FORM, key.sign_raw(doubled.encode(), b"{}"))


@pytest.mark.parametrize("claim", ["jti", "htm", "htu", "nonce", "other"])
def test_an_unpaired_surrogate_is_refused(claim: str) -> None:
    assert_refused(FORM, a_proof(**{claim: "\ud800"}))


def test_a_paired_surrogate_is_the_character_it_stands_for() -> None:
    raw = json.dumps({"jti": "\U0001f511"}).encode()
    assert b"\\ud83d" in raw
    assert parse(with_payload(raw)).payload["jti"] == "\U0001f511"


def test_a_part_that_may_hold_a_private_key_is_never_shown() -> None:
    header, payload, signature = segments(a_key().proof())
    refusal = assert_refused(FORM, f"{header}=.{payload}.{signature}")
    assert header[:20] not in f"{refusal.description}{refusal.expected}{refusal.received}"
