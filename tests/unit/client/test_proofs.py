import pytest

from app.client import DpopKey, sign_proof
from app.dpop import proof as server_side
from tests.builders import NOW, FrozenClock, s256

from .server import taken_apart

URL = "https://api.example/orders"


def claims_of(proof: str) -> dict[str, object]:
    return taken_apart(proof)[1]


@pytest.mark.rfc("9449", "4.2")
def test_the_header_is_typ_alg_and_the_public_jwk(key: DpopKey) -> None:
    header, _ = taken_apart(sign_proof(key, "GET", URL))
    assert header == {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.public_jwk}


@pytest.mark.rfc("9449", "4.2")
def test_without_token_and_nonce_the_claims_are_jti_htm_htu_iat(key: DpopKey) -> None:
    claims = claims_of(sign_proof(key, "POST", URL, clock=FrozenClock(NOW + 0.9)))
    jti = claims.pop("jti")
    assert isinstance(jti, str)
    assert claims == {"htm": "POST", "htu": URL, "iat": int(NOW)}


@pytest.mark.rfc("9449", "4.2")
def test_every_proof_has_a_jti_of_its_own(key: DpopKey) -> None:
    seen = {claims_of(sign_proof(key, "GET", URL))["jti"] for _ in range(100)}
    assert len(seen) == 100


@pytest.mark.parametrize(
    ("url", "htu"),
    [
        ("https://api.example/orders?page=2", "https://api.example/orders"),
        ("https://api.example/orders#top", "https://api.example/orders"),
        ("https://api.example/orders?a=b#c?d", "https://api.example/orders"),
        ("https://api.example:8443/orders", "https://api.example:8443/orders"),
        ("https://user:password@api.example/orders", "https://api.example/orders"),
        ("https://api.example?page=2", "https://api.example/"),
        ("http://[::1]:8000/a%20b", "http://[::1]:8000/a%20b"),
    ],
)
@pytest.mark.rfc("9449", "4.2")
def test_htu_is_the_target_uri_without_query_and_fragment(key: DpopKey, url: str, htu: str) -> None:
    assert claims_of(sign_proof(key, "GET", url))["htu"] == htu


@pytest.mark.rfc("9449", "4.2")
def test_ath_is_the_hash_of_the_access_token(key: DpopKey) -> None:
    claims = claims_of(sign_proof(key, "GET", URL, access_token="the-access-token"))
    assert claims["ath"] == s256("the-access-token")


@pytest.mark.rfc("9449", "4.2")
def test_the_nonce_is_the_one_given(key: DpopKey) -> None:
    assert claims_of(sign_proof(key, "GET", URL, nonce="n-1"))["nonce"] == "n-1"


@pytest.mark.parametrize(
    "alg", ["ES256", "ES384", "ES512", "EdDSA", "Ed25519", "PS256", "PS384", "PS512", "RS256"]
)
@pytest.mark.rfc("9449", "4.3")
def test_the_server_s_own_verifier_takes_a_proof_of_every_algorithm(alg: str) -> None:
    key = DpopKey.generate(alg)
    value = sign_proof(key, "GET", f"{URL}?page=2", nonce="n-1", access_token="t")
    verified = server_side.verify([value], method="GET", uri=URL, algs=frozenset({alg}))
    assert verified is not None
    assert verified.jkt == key.thumbprint
