"""RFC 9068 §4: how a protected resource validates a JWT access token."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import OctKey

from tests.builders import NOW, DpopKey, b64url
from tests.protected_api import API, Api, challenged, serving

pytestmark = pytest.mark.rfc("9068", "4")


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with serving() as api:
        yield api


async def refused(api: Api, key: DpopKey, token: str) -> str:
    """Assert that the token is refused, and return what is said of it."""
    parameters = challenged(await api.get(key, token=token), "invalid_token")
    assert token not in parameters["error_description"]
    return parameters["error_description"]


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt"])
async def test_the_type_of_an_access_token_is_taken(api: Api, key: DpopKey, typ: str) -> None:
    token = api.token(key, header={"typ": typ})
    assert (await api.get(key, token=token)).status_code == 200


@pytest.mark.parametrize("typ", [None, "JWT", "dpop+jwt", "token-introspection+jwt", 1, ["at+jwt"]])
async def test_any_other_type_is_refused(api: Api, key: DpopKey, typ: object) -> None:
    assert "typ" in await refused(api, key, api.token(key, header={"typ": typ}))


@pytest.mark.parametrize("alg", ["none", "HS256", "ES256K", None, ["ES256"]])
async def test_an_algorithm_that_is_not_listed_is_refused(
    api: Api, key: DpopKey, alg: object
) -> None:
    assert "alg" in await refused(api, key, api.token(key, header={"alg": alg}))


async def test_an_unsigned_token_is_refused(api: Api, key: DpopKey) -> None:
    header = b64url(json.dumps({"typ": "at+jwt", "alg": "none"}).encode())
    claims = b64url(json.dumps(api.issuer.claims(key)).encode())
    for token in (f"{header}.{claims}.", f"{header}.{claims}"):
        assert await refused(api, key, token)


async def test_the_public_key_is_no_secret_to_sign_with(api: Api, key: DpopKey) -> None:
    public = api.issuer.jwks["keys"][0]
    secret = DpopKey("ES256")
    secret.key = OctKey.import_key(json.dumps(public).encode())
    secret.alg = "HS256"
    token = secret.sign(
        {"typ": "at+jwt", "alg": "HS256", "kid": api.issuer.kid}, api.issuer.claims(key)
    )
    assert "HS256" in await refused(api, key, token)


async def test_an_algorithm_of_another_kind_of_key_is_refused(api: Api, key: DpopKey) -> None:
    for alg in ("ES384", "RS256", "EdDSA"):
        assert await refused(api, key, api.token(key, header={"alg": alg}))


async def test_a_signature_by_another_key_is_refused(
    api: Api, key: DpopKey, other_key: DpopKey
) -> None:
    header = {"typ": "at+jwt", "alg": "ES256", "kid": api.issuer.kid}
    token = other_key.sign(header, api.issuer.claims(key))
    assert "signed" in await refused(api, key, token)


async def test_a_changed_token_is_refused(api: Api, key: DpopKey) -> None:
    header, _, signature = api.token(key).split(".")
    claims = b64url(json.dumps(api.issuer.claims(key, scope="admin")).encode())
    assert await refused(api, key, f"{header}.{claims}.{signature}")


async def test_a_kid_that_the_issuer_does_not_have_is_refused(api: Api, key: DpopKey) -> None:
    assert await refused(api, key, api.token(key, header={"kid": "k2"}))


async def test_a_token_without_kid_is_tried_with_the_keys_of_its_kind(
    api: Api, key: DpopKey
) -> None:
    token = api.token(key, header={"kid": None})
    assert (await api.get(key, token=token)).status_code == 200


async def test_a_key_in_the_header_is_never_trusted(
    api: Api, key: DpopKey, other_key: DpopKey
) -> None:
    header = {"typ": "at+jwt", "alg": "ES256", "jwk": other_key.public_jwk, "jku": "https://evil"}
    assert await refused(api, key, other_key.sign(header, api.issuer.claims(key)))


async def test_a_critical_extension_is_refused(api: Api, key: DpopKey) -> None:
    token = api.token(key, header={"crit": ["b64"], "b64": False})
    assert "crit" in await refused(api, key, token)


async def test_an_encrypted_token_is_refused(api: Api, key: DpopKey) -> None:
    secret = OctKey.generate_key(256)
    header = {"alg": "dir", "enc": "A256GCM", "typ": "at+jwt"}
    token = jwe.encrypt_compact(header, json.dumps(api.issuer.claims(key)), secret)
    assert await refused(api, key, token)


@pytest.mark.parametrize("iss", ["https://as.example/", "https://other.example", None, 1])
async def test_another_issuer_is_refused(api: Api, key: DpopKey, iss: object) -> None:
    assert "issued by" in await refused(api, key, api.token(key, iss=iss))


@pytest.mark.parametrize("aud", [API, [API], ["https://b.example", API]])
async def test_a_token_for_this_resource_is_taken(
    api: Api, key: DpopKey, aud: str | list[str]
) -> None:
    assert (await api.get(key, token=api.token(key, aud=aud))).status_code == 200


@pytest.mark.parametrize("aud", ["https://b.example", API + "/", [], [""], API.upper()])
async def test_a_token_for_another_resource_is_refused(
    api: Api, key: DpopKey, aud: str | list[str]
) -> None:
    assert API in await refused(api, key, api.token(key, aud=aud))


@pytest.mark.parametrize(("seconds", "status"), [(1, 200), (0, 200), (-9, 200), (-10, 401)])
async def test_a_token_is_good_until_it_expires_with_a_small_leeway(
    api: Api, key: DpopKey, seconds: int, status: int
) -> None:
    token = api.token(key, exp=int(NOW) + seconds)
    assert (await api.get(key, token=token)).status_code == status


async def test_a_token_that_was_taken_before_expires_all_the_same(api: Api, key: DpopKey) -> None:
    token = api.token(key, exp=int(NOW) + 30)
    assert (await api.get(key, token=token)).status_code == 200
    api.clock.advance(40)
    assert "expired" in await refused(api, key, token)


async def test_a_token_that_was_taken_before_needs_its_key_to_be_there_still(
    api: Api, key: DpopKey
) -> None:
    token = api.token(key)
    assert (await api.get(key, token=token)).status_code == 200
    api.issuer.kid = "k2"
    assert "signed" in await refused(api, key, token)


@pytest.mark.parametrize("claim", ["nbf", "iat"])
async def test_a_token_of_the_future_is_refused(api: Api, key: DpopKey, claim: str) -> None:
    near, far = (api.token(key, **{claim: int(NOW) + seconds}) for seconds in (10, 11))
    assert (await api.get(key, token=near)).status_code == 200
    assert claim in await refused(api, key, far)


@pytest.mark.parametrize("claim", ["exp", "aud", "sub", "client_id", "iat", "jti"])
async def test_a_required_claim_that_is_missing_is_refused(
    api: Api, key: DpopKey, claim: str
) -> None:
    assert await refused(api, key, api.token(key, **{claim: None}))


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": "soon"},
        {"exp": True},
        {"exp": 1e300},
        {"iat": "now"},
        {"nbf": []},
        {"aud": {}},
        {"aud": [1]},
        {"sub": 1},
        {"sub": ""},
        {"client_id": ["spa"]},
        {"scope": ["notes:read"]},
        {"cnf": "jkt"},
        {"cnf": {"jkt": None}},
        {"acr": 1},
        {"auth_time": "today"},
        {"authorization_details": {}},
        {"authorization_details": ["x"]},
        {"act": "admin"},
    ],
)
async def test_a_claim_of_the_wrong_type_is_refused(
    api: Api, key: DpopKey, changes: dict[str, Any]
) -> None:
    assert await refused(api, key, api.token(key, **changes))


@pytest.mark.parametrize(
    "token", ["x", "a.b.c", "..", "e30.e30.e30", "a.b.c.d.e", "e30.WzFd.AA", "-" * 9000]
)
async def test_what_is_no_jwt_is_refused(api: Api, key: DpopKey, token: str) -> None:
    assert await refused(api, key, token)


async def test_a_repeated_claim_is_refused(api: Api, key: DpopKey) -> None:
    header = {"typ": "at+jwt", "alg": "ES256", "kid": api.issuer.kid}
    claims = json.dumps(api.issuer.claims(key))[:-1] + ', "sub": "admin"}'
    token = api.issuer.signer.sign(header, claims.encode())
    assert await refused(api, key, token)
