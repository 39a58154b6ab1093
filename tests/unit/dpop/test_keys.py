"""The public key in a proof: check jwk, and RFC 7638 thumbprints."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from joserfc.jwk import ECKey, OctKey, RSAKey

from app.dpop import keys
from app.dpop.errors import Check, ProofRefused
from app.dpop.keys import public_key, thumbprint
from tests.builders import DpopKey, b64url
from tests.unit.dpop.support import ABSENT, ALGS, a_key, assert_refused, present, refusal, verified

pytestmark = pytest.mark.rfc("9449", "4.3")

JWK = Check.JWK

P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
P25519 = 2**255 - 19
ORDER_8 = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")


def octets(encoded: str) -> bytes:
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))


def number(value: int, size: int | None = None) -> str:
    return b64url(value.to_bytes(size or (value.bit_length() + 7) // 8 or 1, "big"))


def with_jwk(signer: str = "ES256", /, **members: Any) -> str:
    """Sign a proof whose jwk differs from the signer's public key by these members."""
    key = a_key(signer)
    return key.proof(header={"jwk": present(key.public_jwk | members)})


@pytest.mark.parametrize("jwk", [None, [], "x", 1, True])
def test_a_jwk_that_is_no_object_is_refused(jwk: object) -> None:
    assert_refused(JWK, a_key().proof(header={"jwk": jwk}))


def test_a_proof_without_a_jwk_is_refused() -> None:
    assert assert_refused(JWK, a_key().proof(without_header=("jwk",))).received == "no jwk"


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "RS256"])
def test_a_private_key_is_refused_and_never_shown(alg: str) -> None:
    private = a_key(alg).key.as_dict(private=True)
    refusal = assert_refused(JWK, a_key(alg).proof(header={"jwk": private}))
    told = f"{refusal.description}{refusal.expected}{refusal.received}"
    assert private["d"] not in told
    assert "private member" in told


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
@pytest.mark.parametrize("value", ["AQAB", "", None, []])
def test_each_private_member_is_refused_for_every_kind_of_key(member: str, value: object) -> None:
    for alg in ("ES256", "EdDSA", "RS256"):
        assert f"'{member}'" in assert_refused(JWK, with_jwk(alg, **{member: value})).description


def test_a_symmetric_key_is_refused() -> None:
    jwk = OctKey.generate_key(256).as_dict(private=True)
    assert_refused(JWK, a_key().proof(header={"jwk": jwk}))
    assert_refused(JWK, a_key().proof(header={"jwk": {"kty": "oct"}}))


@pytest.mark.parametrize(
    ("alg", "other"),
    [
        ("ES256", "ES384"),
        ("ES384", "ES512"),
        ("ES512", "ES256"),
        ("ES256", "RS256"),
        ("RS256", "ES256"),
        ("PS256", "EdDSA"),
        ("EdDSA", "ES256"),
        ("Ed25519", "PS256"),
    ],
)
def test_a_key_of_another_kind_than_its_algorithm_is_refused(alg: str, other: str) -> None:
    proof = a_key(alg).proof(header={"jwk": a_key(other).public_jwk})
    refusal = assert_refused(JWK, proof)
    assert refusal.expected != refusal.received


@pytest.mark.parametrize("member", ["kty", "crv", "x", "y"])
@pytest.mark.parametrize("value", [None, 1, [], {}, True])
def test_a_member_that_is_no_string_is_refused(member: str, value: object) -> None:
    assert_refused(JWK, with_jwk(**{member: value}))


@pytest.mark.parametrize(
    ("alg", "member"),
    [
        ("ES256", "kty"),
        ("ES256", "crv"),
        ("ES256", "x"),
        ("ES256", "y"),
        ("EdDSA", "crv"),
        ("EdDSA", "x"),
        ("RS256", "n"),
        ("RS256", "e"),
    ],
)
def test_a_missing_member_is_refused(alg: str, member: str) -> None:
    assert_refused(JWK, with_jwk(alg, **{member: ABSENT}))


@pytest.mark.parametrize(
    "members", [{"use": "enc"}, {"use": ["sig"]}, {"alg": "ES384"}, {"alg": 1}]
)
@pytest.mark.rfc("7517", "4")
def test_a_key_meant_for_something_else_is_refused(members: dict[str, object]) -> None:
    assert_refused(JWK, with_jwk(**members))


def test_a_key_that_says_its_use_and_more_is_taken_and_named_by_its_required_members() -> None:
    extra = {"use": "sig", "alg": "ES256", "kid": "x", "ext": True, "key_ops": ["sign"], "x5c": 1}
    assert verified(with_jwk(**extra)).jkt == a_key().jkt


@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519"])
@pytest.mark.parametrize("named", ["EdDSA", "Ed25519"])
@pytest.mark.rfc("9864", "2.2")
def test_the_two_names_of_ed25519_signatures_mean_the_same(alg: str, named: str) -> None:
    assert verified(with_jwk(alg, alg=named)).alg == alg


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512", "EdDSA"])
@pytest.mark.parametrize("member", ["x", "y"])
@pytest.mark.parametrize("change", ["longer", "shorter", "empty"])
@pytest.mark.rfc("7518", "6.2.1.2")
def test_a_coordinate_of_another_size_than_the_curves_is_refused(
    alg: str, member: str, change: str
) -> None:
    if alg == "EdDSA":
        member = "x"
    whole = octets(a_key(alg).public_jwk[member])
    wrong = {"longer": b"\0" + whole, "shorter": whole[:-1], "empty": b""}[change]
    refusal = assert_refused(JWK, with_jwk(alg, **{member: b64url(wrong)}))
    assert refusal.expected == f"{len(whole)} octets"


def test_a_coordinate_without_its_leading_zero_octet_is_refused() -> None:
    while True:
        key = DpopKey("ES512")
        x = octets(key.public_jwk["x"])
        if x[0] == 0:
            break
    assert verified(key.proof()).jkt == key.jkt
    assert_refused(JWK, key.proof(header={"jwk": key.public_jwk | {"x": b64url(x[1:])}}))


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "RS256"])
@pytest.mark.parametrize("spoil", ["{}=", "{}\n", " {}", "+{}", "/{}", "{}é"])
def test_a_value_that_is_no_strict_base64url_is_refused(alg: str, spoil: str) -> None:
    member = "n" if alg == "RS256" else "x"
    value = a_key(alg).public_jwk[member]
    assert_refused(JWK, with_jwk(alg, **{member: spoil.format(value)}))


def test_a_value_with_unused_bits_that_are_not_zero_is_refused() -> None:
    x = a_key().public_jwk["x"]
    assert x[-1] in "AEIMQUYcgkosw048"
    assert_refused(JWK, with_jwk(x=x[:-1] + chr(ord(x[-1]) + 1)))


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512"])
def test_a_point_off_its_curve_is_refused(alg: str) -> None:
    jwk = a_key(alg).public_jwk
    assert "no point" in assert_refused(JWK, with_jwk(alg, x=jwk["y"], y=jwk["x"])).description
    zero = b64url(bytes(len(octets(jwk["x"]))))
    assert_refused(JWK, with_jwk(alg, x=zero, y=zero))


def test_a_second_spelling_of_a_coordinate_is_refused() -> None:
    y = pow(P256_B, (P256 + 1) // 4, P256)
    point = {"kty": "EC", "crv": "P-256", "y": number(y, 32)}
    assert thumbprint(point | {"x": number(0, 32)})
    # x + p leaves the same point, and would give it a second thumbprint.
    assert refusal(thumbprint, point | {"x": number(P256, 32)}).check is JWK


@pytest.mark.parametrize("crv", ["secp256k1", "P-192", "p-256", "Ed25519", "X25519", ""])
def test_an_ec_curve_without_an_algorithm_is_refused(crv: str) -> None:
    assert refusal(public_key, a_key().public_jwk | {"crv": crv}).check is JWK
    assert_refused(JWK, with_jwk(crv=crv))


@pytest.mark.parametrize("crv", ["Ed448", "X25519", "P-256"])
def test_an_okp_curve_without_an_algorithm_is_refused(crv: str) -> None:
    assert refusal(public_key, a_key("EdDSA").public_jwk | {"crv": crv}).check is JWK


@pytest.mark.parametrize("kty", ["oct", "AKP", "ec", "", None, 1])
def test_an_unknown_kind_of_key_has_no_thumbprint(kty: object) -> None:
    assert refusal(thumbprint, {"kty": kty, "x": "AA"}).check is JWK


@pytest.mark.parametrize(
    "x",
    [
        bytes(32),
        b"\x01" + bytes(31),
        b"\x01" + bytes(30) + b"\x80",
        (P25519 - 1).to_bytes(32, "little"),
        ORDER_8,
        ORDER_8[:-1] + b"\x85",
        (P25519 - int.from_bytes(ORDER_8, "little")).to_bytes(32, "little"),
    ],
    ids=lambda x: x.hex()[:8] + x.hex()[-4:],
)
@pytest.mark.rfc("8032", "5.1.3")
def test_an_ed25519_point_of_small_order_is_refused(x: bytes) -> None:
    assert "small order" in assert_refused(JWK, with_jwk("EdDSA", x=b64url(x))).description


@pytest.mark.parametrize("y", [P25519, P25519 + 1, P25519 + 3, 2**255 - 1])
def test_a_second_spelling_of_an_ed25519_point_is_refused(y: int) -> None:
    assert_refused(JWK, with_jwk("EdDSA", x=b64url(y.to_bytes(32, "little"))))


def test_an_ed25519_point_off_the_curve_is_refused() -> None:
    assert (
        "no point"
        in assert_refused(JWK, with_jwk("EdDSA", x=b64url(b"\x02" + bytes(31)))).description
    )


@pytest.mark.parametrize("bits", [1024, 2047, 4097, 8192])
@pytest.mark.rfc("7518", "3.3")
def test_an_rsa_modulus_of_fewer_than_2048_or_more_than_4096_bits_is_refused(bits: int) -> None:
    assert assert_refused(JWK, with_jwk("RS256", n=number(2**bits - 1))).received == f"{bits} bits"


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_an_rsa_modulus_of_2048_to_4096_bits_is_imported(bits: int) -> None:
    assert len(thumbprint({"kty": "RSA", "e": "AQAB", "n": number(2**bits - 1)})) == 43


def test_a_3072_bit_rsa_key_signs_proofs_that_are_taken() -> None:
    key = DpopKey("PS256", RSAKey.generate_key(3072))
    assert verified(key.proof()).jkt == key.jkt


@pytest.mark.parametrize(
    "exponent", [0, 1, 2, 3, 17, 65535, 65536, 65538, 2**32, 2**32 + 1, 2**256]
)
def test_an_even_small_or_huge_rsa_exponent_is_refused(exponent: int) -> None:
    assert_refused(JWK, with_jwk("RS256", e=number(exponent)))


def test_an_even_rsa_modulus_is_refused() -> None:
    assert_refused(JWK, with_jwk("RS256", n=number(2**2048 - 2)))


@pytest.mark.parametrize("member", ["n", "e"])
@pytest.mark.rfc("7518", "2")
def test_a_leading_zero_octet_in_an_rsa_number_is_refused(member: str) -> None:
    value = octets(a_key("RS256").public_jwk[member])
    assert_refused(JWK, with_jwk("RS256", **{member: b64url(b"\0" + value)}))
    assert_refused(JWK, with_jwk("RS256", **{member: ""}))


@pytest.mark.rfc("7638", "3.1")
def test_the_thumbprint_of_the_example_of_rfc_7638() -> None:
    jwk = {
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSo"
        "c_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0"
        "_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI"
        "4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29",
    }
    assert thumbprint(jwk) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.rfc("8037", "A.3")
def test_the_thumbprint_of_the_example_of_rfc_8037() -> None:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert thumbprint(jwk) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("alg", ALGS)
@pytest.mark.rfc("7638", "3")
def test_a_thumbprint_is_the_hash_of_the_required_members_in_order(alg: str) -> None:
    reordered = dict(reversed(list(a_key(alg).public_jwk.items()))) | {"kid": "x"}
    assert thumbprint(reordered) == a_key(alg).jkt


def test_a_private_key_has_no_thumbprint_here() -> None:
    assert refusal(thumbprint, a_key().key.as_dict(private=True)).check is JWK


def test_an_imported_key_is_cached_by_its_required_members() -> None:
    jwk = DpopKey().public_jwk
    first = public_key(jwk)
    assert public_key(jwk | {"kid": "other"}) is first


def test_a_refused_key_is_not_cached() -> None:
    jwk = a_key().public_jwk | {"y": a_key().public_jwk["x"]}
    before = keys._imported.cache_info().currsize
    for _ in range(3):
        with pytest.raises(ProofRefused):
            public_key(jwk)
    assert keys._imported.cache_info().currsize == before


def test_the_cache_of_keys_is_bounded() -> None:
    assert keys._imported.cache_info().maxsize == keys.CACHED_KEYS == 4096


def test_a_modulus_that_is_no_product_of_primes_does_no_harm() -> None:
    odd = RSAPublicNumbers(65537, 2**2047 + 1)
    proof = with_jwk("RS256", n=number(odd.n), e=number(odd.e))
    assert_refused(Check.SIGNATURE, proof)


def test_a_secp256k1_key_is_refused() -> None:
    jwk = ECKey.generate_key("secp256k1").as_dict(private=False)
    assert_refused(JWK, a_key().proof(header={"jwk": jwk}))
