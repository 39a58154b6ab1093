"""RFC 9068, JWT Profile for OAuth 2.0 Access Tokens: what this server issues.

Tokens are read with Authlib's and joserfc's own code, never with that under test.
"""

import base64
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from authlib.oauth2.rfc6750.errors import (  # type: ignore[import-untyped]  # no types
    InvalidTokenError,
)
from authlib.oauth2.rfc9068 import (  # type: ignore[import-untyped]  # Authlib ships no types
    JWTBearerTokenValidator,
)
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.oauth.errors import TemporarilyUnavailable
from app.oauth.ports import AccessTokenClaims, AccessTokens, IssuedToken
from app.storage.engine import Limits, make_engine
from app.storage.models import Base
from app.storage.standalone import StandaloneKeys
from app.storage.transactions import Transactions
from app.tokens.access_tokens import SignedAccessTokens
from app.tokens.keyring import Keyring
from app.tokens.lifecycle import KeyLifecycle
from app.tokens.sealing import Sealer
from tests.builders import ISSUER, NOW, DpopKey, FrozenClock

SECRET = b"the deployment's secret, 32 bytes or more"
RESOURCE = "https://api.example/"
LONGEST = 3600

CLAIMS = AccessTokenClaims(
    subject="user-1",
    client_id="client-1",
    audience=(RESOURCE,),
    scopes=frozenset({"write", "read"}),
    jkt=DpopKey().jkt,
    lifetime=300,
    family_id="fam_1",
    auth_time=NOW - 60.5,
)

Issue = Callable[..., IssuedToken]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[StandaloneKeys]:
    engine = make_engine(f"sqlite:///{tmp_path}/keys.db", Limits())
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield StandaloneKeys(Transactions(engine, turn_timeout=5))
    await engine.dispose()


async def keyring_of(store: StandaloneKeys, alg: str) -> Keyring:
    sealer, clock = Sealer(SECRET), FrozenClock()
    await KeyLifecycle(store, sealer, clock, jwks_max_age=600, alg=alg).ensure()
    keyring = Keyring(store, sealer, clock, longest_token_lifetime=LONGEST)
    await keyring.refresh()
    return keyring


@pytest.fixture
async def keyring(store: StandaloneKeys) -> Keyring:
    return await keyring_of(store, "ES256")


@pytest.fixture
def issue(keyring: Keyring) -> Issue:
    """Issue a token for the claims above, those given replaced."""
    tokens: AccessTokens = SignedAccessTokens(keyring, FrozenClock(), ISSUER)
    return lambda **changes: tokens.issue(replace(CLAIMS, **changes))


class ResourceServer(JWTBearerTokenValidator):  # type: ignore[misc]  # Authlib ships no types
    """Authlib's reading of §4."""

    def __init__(self, keyring: Keyring, resource: str = RESOURCE) -> None:
        super().__init__(issuer=ISSUER, resource_server=resource)
        self.keys = published(keyring)

    def get_jwks(self) -> KeySet:
        return self.keys


def published(keyring: Keyring) -> KeySet:
    """Read the key set as others do: from its JSON."""
    return KeySet.import_key_set(json.loads(json.dumps(keyring.jwks())))


def header_of(token: IssuedToken) -> dict[str, Any]:
    return _decoded(token.value.split(".")[0])


def claims_of(token: IssuedToken) -> dict[str, Any]:
    return _decoded(token.value.split(".")[1])


def _decoded(segment: str) -> dict[str, Any]:
    raw = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    decoded: dict[str, Any] = json.loads(raw)
    return decoded


class TestSection21Header:
    @pytest.mark.rfc("9068", "2.1")
    def test_tokens_are_signed_asymmetrically_with_es256_by_default(self, issue: Issue) -> None:
        assert header_of(issue())["alg"] == "ES256"

    @pytest.mark.rfc("9068", "2.1")
    async def test_rs256_is_among_the_signature_algorithms(self, store: StandaloneKeys) -> None:
        keyring = await keyring_of(store, "RS256")
        token = SignedAccessTokens(keyring, FrozenClock(), ISSUER).issue(CLAIMS)
        assert header_of(token)["alg"] == "RS256"
        claims = ResourceServer(keyring).authenticate_token(token.value)
        assert claims["sub"] == "user-1"

    @pytest.mark.rfc("9068", "2.1")
    def test_typ_is_at_jwt(self, issue: Issue) -> None:
        assert header_of(issue())["typ"] == "at+jwt"

    @pytest.mark.rfc("7515", "4.1.4")
    def test_kid_names_the_published_key_that_signed(self, issue: Issue, keyring: Keyring) -> None:
        kid = header_of(issue())["kid"]
        assert kid == keyring.active().kid
        assert kid in [jwk["kid"] for jwk in keyring.jwks()["keys"]]


class TestSection22DataStructure:
    @pytest.mark.rfc("9068", "2.2")
    @pytest.mark.parametrize(
        ("claim", "value"),
        [
            ("iss", ISSUER),
            ("exp", int(NOW) + 300),
            ("aud", RESOURCE),
            ("sub", "user-1"),
            ("client_id", "client-1"),
            ("iat", int(NOW)),
        ],
    )
    def test_a_required_claim_is_there(self, issue: Issue, claim: str, value: object) -> None:
        assert claims_of(issue())[claim] == value

    @pytest.mark.rfc("9068", "2.2")
    def test_a_token_without_person_scope_or_key_still_has_every_required_claim(
        self, issue: Issue
    ) -> None:
        token = issue(scopes=frozenset(), jkt=None, family_id=None, auth_time=None)
        required = {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"}
        assert claims_of(token).keys() == required

    @pytest.mark.rfc("9068", "2.2")
    def test_jti_is_that_of_the_issued_token_and_never_the_same(self, issue: Issue) -> None:
        tokens = [issue() for _ in range(100)]
        assert [claims_of(token)["jti"] for token in tokens] == [token.jti for token in tokens]
        assert len({token.jti for token in tokens}) == 100

    @pytest.mark.rfc("7519", "4.1.4")
    def test_times_are_whole_seconds(self, issue: Issue) -> None:
        claims = claims_of(issue())
        assert {type(claims[name]) for name in ("exp", "iat", "auth_time")} == {int}

    @pytest.mark.rfc("6749", "5.1")
    def test_expires_in_is_the_time_to_exp(self, issue: Issue) -> None:
        token = issue(lifetime=120)
        claims = claims_of(token)
        assert token.expires_in == claims["exp"] - claims["iat"] == 120

    def test_no_token_outlives_the_publication_of_its_key(self, issue: Issue) -> None:
        token = issue(lifetime=LONGEST + 1)
        claims = claims_of(token)
        assert token.expires_in == claims["exp"] - claims["iat"] == LONGEST

    def test_the_family_is_named_so_that_its_revocation_finds_the_token(self, issue: Issue) -> None:
        assert claims_of(issue())["family_id"] == "fam_1"


class TestSection221AuthenticationInformation:
    @pytest.mark.rfc("9068", "2.2.1")
    def test_auth_time_is_when_the_person_signed_in(self, issue: Issue) -> None:
        assert claims_of(issue())["auth_time"] == int(NOW - 60.5)

    @pytest.mark.rfc("9068", "2.2.1")
    def test_without_a_person_there_is_no_auth_time(self, issue: Issue) -> None:
        assert "auth_time" not in claims_of(issue(auth_time=None))


class TestSection223Authorization:
    @pytest.mark.rfc("9068", "2.2.3")
    def test_scope_is_one_string_of_words(self, issue: Issue) -> None:
        assert claims_of(issue())["scope"] == "read write"

    @pytest.mark.rfc("9068", "2.2.3")
    def test_without_a_scope_there_is_no_scope_claim(self, issue: Issue) -> None:
        assert "scope" not in claims_of(issue(scopes=frozenset()))


class TestSection3RequestingAToken:
    @pytest.mark.rfc("9068", "3")
    def test_aud_is_the_requested_resource(self, issue: Issue) -> None:
        assert claims_of(issue(audience=("https://other.example/",)))["aud"] == (
            "https://other.example/"
        )

    @pytest.mark.rfc("9068", "3")
    def test_several_resources_make_an_array(self, issue: Issue) -> None:
        both = ("https://a.example/", "https://b.example/")
        assert claims_of(issue(audience=both))["aud"] == list(both)


class TestSection4Validation:
    """Resource servers that others wrote accept what should be accepted, and only that."""

    @pytest.mark.rfc("9068", "4")
    def test_authlib_accepts_a_token(self, issue: Issue, keyring: Keyring) -> None:
        claims = ResourceServer(keyring).authenticate_token(issue().value)
        claims.validate(now=int(NOW))
        assert claims["cnf"] == {"jkt": CLAIMS.jkt}

    @pytest.mark.rfc("9068", "4")
    def test_joserfc_accepts_a_token_by_the_published_keys_and_the_algorithm(
        self, issue: Issue, keyring: Keyring
    ) -> None:
        token = jwt.decode(issue().value, published(keyring), algorithms=["ES256"])
        assert token.claims["iss"] == ISSUER

    @pytest.mark.rfc("9068", "4")
    def test_authlib_refuses_it_for_another_resource(self, issue: Issue, keyring: Keyring) -> None:
        server = ResourceServer(keyring, "https://other.example/")
        with pytest.raises(JoseError, match="aud"):
            server.authenticate_token(issue().value).validate(now=int(NOW))

    @pytest.mark.rfc("9068", "4")
    def test_authlib_refuses_it_from_its_expiry_on(self, issue: Issue, keyring: Keyring) -> None:
        claims = ResourceServer(keyring).authenticate_token(issue().value)
        claims.validate(now=int(NOW) + 299)
        with pytest.raises(JoseError, match="expired"):
            claims.validate(now=int(NOW) + 301)

    @pytest.mark.rfc("9068", "4")
    async def test_authlib_refuses_it_once_its_key_is_revoked(
        self, issue: Issue, keyring: Keyring, store: StandaloneKeys
    ) -> None:
        token = issue()
        lifecycle = KeyLifecycle(store, Sealer(SECRET), FrozenClock(), jwks_max_age=600)
        await lifecycle.revoke(keyring.active().kid)
        await keyring.refresh()
        with pytest.raises(InvalidTokenError):
            ResourceServer(keyring).authenticate_token(token.value)

    @pytest.mark.rfc("9068", "4")
    async def test_authlib_accepts_it_after_its_key_was_retired(
        self, issue: Issue, keyring: Keyring, store: StandaloneKeys
    ) -> None:
        token = issue()
        lifecycle = KeyLifecycle(store, Sealer(SECRET), FrozenClock(), jwks_max_age=600)
        assert await lifecycle.rotate(now=True) != header_of(token)["kid"]
        await keyring.refresh()
        claims = ResourceServer(keyring).authenticate_token(token.value)
        assert claims["jti"] == token.jti


class TestKeyBinding:
    @pytest.mark.rfc("9449", "6.1")
    def test_cnf_holds_the_thumbprint_of_the_client_s_key(self, issue: Issue) -> None:
        assert claims_of(issue())["cnf"] == {"jkt": CLAIMS.jkt}

    @pytest.mark.rfc("9449", "6.1")
    def test_a_token_bound_to_no_key_has_no_cnf(self, issue: Issue) -> None:
        assert "cnf" not in claims_of(issue(jkt=None))


class TestNoKey:
    def test_without_an_active_key_nothing_is_issued(self, store: StandaloneKeys) -> None:
        keyring = Keyring(store, Sealer(SECRET), FrozenClock(), longest_token_lifetime=LONGEST)
        with pytest.raises(TemporarilyUnavailable) as refused:
            SignedAccessTokens(keyring, FrozenClock(), ISSUER).issue(CLAIMS)
        assert (refused.value.status, refused.value.error) == (503, "temporarily_unavailable")
