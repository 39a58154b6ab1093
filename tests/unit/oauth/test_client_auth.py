"""Client authentication: start from a request that passes, break one thing."""

import asyncio
import base64
from contextlib import suppress
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.credentials import digest
from app.oauth import client_assertion
from app.oauth.client import AuthMethod, Client, ClientSecret
from app.oauth.client_assertion import ASSERTION_TYPE, MAX_LIFETIME, SKEW
from app.oauth.client_auth import AuthenticatedClient
from app.oauth.client_presented import read
from app.oauth.errors import InvalidClient, InvalidRequest, OAuthError, TooManyAttempts
from app.oauth.parameters import Parameters
from tests.builders import ISSUER, NOW, TOKEN_ENDPOINT, DpopKey, b64url

from .token_server import (
    ADDRESS,
    CONFIDENTIAL,
    PUBLIC,
    SECRET,
    AssertionKey,
    TokenServer,
    basic,
    form,
)

WEB = CONFIDENTIAL.client_id


async def authenticate(
    server: TokenServer, authorization: str | None = None, *, address: str = ADDRESS, **fields: str
) -> AuthenticatedClient:
    presented = read(authorization, Parameters.parse(form(**fields)))
    return await server.authenticator.authenticate(
        presented, endpoint=TOKEN_ENDPOINT, address=address
    )


async def refusal(
    server: TokenServer, authorization: str | None = None, **fields: str
) -> OAuthError:
    with pytest.raises(OAuthError) as caught:
        await authenticate(server, authorization, **fields)
    return caught.value


class TestSecrets:
    @pytest.mark.rfc("6749", "2.3.1")
    async def test_basic_authenticates(self, server: TokenServer) -> None:
        assert (await authenticate(server, basic(WEB, SECRET))).client.client_id == WEB

    @pytest.mark.rfc("6749", "2.3.1")
    @pytest.mark.parametrize("scheme", ["basic", "BASIC"])
    async def test_the_scheme_has_no_case(self, server: TokenServer, scheme: str) -> None:
        header = basic(WEB, SECRET).replace("Basic", scheme)
        assert (await authenticate(server, header)).client.client_id == WEB

    @pytest.mark.rfc("6749", "2.3.1")
    async def test_basic_credentials_are_form_urlencoded(self, server: TokenServer) -> None:
        name, secret = "a client: 50%+", "wörd + 100%:"
        await server.change(CONFIDENTIAL, client_id=name, secrets=(ClientSecret(digest(secret)),))
        header = basic(quote_plus(name), quote_plus(secret))
        assert (await authenticate(server, header)).client.client_id == name

    @pytest.mark.rfc("6749", "2.3.1")
    async def test_post_authenticates(self, server: TokenServer) -> None:
        await server.change(CONFIDENTIAL, auth_method=AuthMethod.CLIENT_SECRET_POST)
        authenticated = await authenticate(server, client_id=WEB, client_secret=SECRET)
        assert authenticated.client.client_id == WEB

    @pytest.mark.rfc("6749", "2.1")
    async def test_a_public_client_names_itself(self, server: TokenServer) -> None:
        authenticated = await authenticate(server, client_id=PUBLIC.client_id)
        assert (authenticated.client, authenticated.keys) == (PUBLIC, frozenset())

    @pytest.mark.rfc("6749", "2.3")
    @pytest.mark.parametrize(
        ("authorization", "fields"),
        [
            (basic(WEB, SECRET), {"client_secret": SECRET}),
            (basic(WEB, SECRET), {"client_assertion": "a.b.c"}),
            (None, {"client_secret": SECRET, "client_assertion": "a.b.c"}),
        ],
    )
    async def test_more_than_one_method_is_an_invalid_request(
        self, server: TokenServer, authorization: str | None, fields: dict[str, str]
    ) -> None:
        error = await refusal(server, authorization, client_id=WEB, **fields)
        assert isinstance(error, InvalidRequest)

    @pytest.mark.rfc("6749", "2.3")
    async def test_client_id_beside_basic_may_be_the_same(self, server: TokenServer) -> None:
        authenticated = await authenticate(server, basic(WEB, SECRET), client_id=WEB)
        assert authenticated.client.client_id == WEB

    @pytest.mark.rfc("6749", "2.3")
    async def test_client_id_beside_basic_may_not_be_another(self, server: TokenServer) -> None:
        error = await refusal(server, basic(WEB, SECRET), client_id=PUBLIC.client_id)
        assert isinstance(error, InvalidRequest)

    @pytest.mark.rfc("6749", "5.2")
    async def test_no_client_at_all_is_an_invalid_client(self, server: TokenServer) -> None:
        error = await refusal(server)
        assert isinstance(error, InvalidClient)
        assert (error.status, error.challenge) == (401, 'Basic realm="token"')

    @pytest.mark.rfc("6749", "5.2")
    @pytest.mark.parametrize(
        "authorization",
        [
            "",
            "Basic",
            "Basic !",
            "Basic " + base64.b64encode(b"no colon").decode(),
            "Basic " + base64.b64encode(b":no name").decode(),
            "Basic " + base64.b64encode(b"\xff:x").decode(),
            "Basic " + base64.b64encode(b"%ff:x").decode(),
            "Basic " + base64.b64encode(b"a%00b:x").decode(),
            "Basic " + base64.b64encode(b"a" * 300 + b":x").decode(),
            "Basic " + base64.b64encode(f"{WEB}:{SECRET}".encode()).decode()[:-1] + "\xe9",
            "Bearer token",
            "DPoP token",
        ],
    )
    async def test_an_authorization_header_that_is_no_basic_is_an_invalid_client(
        self, server: TokenServer, authorization: str
    ) -> None:
        error = await refusal(server, authorization)
        assert isinstance(error, InvalidClient)
        assert error.challenge.startswith("Basic ")

    @pytest.mark.rfc("6749", "5.2")
    async def test_a_wrong_secret_reads_like_an_unknown_client(self, server: TokenServer) -> None:
        await server.change(CONFIDENTIAL, client_id="off", disabled=True)
        texts = set()
        for client_id, secret in (
            (WEB, "wrong"),
            ("nobody", SECRET),
            ("off", SECRET),
            (PUBLIC.client_id, ""),
        ):
            error = await refusal(server, basic(client_id, secret))
            assert isinstance(error, InvalidClient)
            texts.add(error.description.replace(client_id, "…"))
        assert len(texts) == 1

    @pytest.mark.rfc("6749", "2.3")
    async def test_a_client_uses_the_method_it_is_registered_for(self, server: TokenServer) -> None:
        error = await refusal(server, client_id=WEB, client_secret=SECRET)
        assert isinstance(error, InvalidClient)

    @pytest.mark.rfc("6749", "3.2.1")
    async def test_a_confidential_client_must_authenticate(self, server: TokenServer) -> None:
        assert isinstance(await refusal(server, client_id=WEB), InvalidClient)

    @pytest.mark.parametrize("client", [PUBLIC, CONFIDENTIAL])
    async def test_a_disabled_client_is_an_invalid_client(
        self, server: TokenServer, client: Client
    ) -> None:
        await server.change(client, disabled=True)
        authorization = None if client.is_public else basic(WEB, SECRET)
        error = await refusal(server, authorization, client_id=client.client_id)
        assert isinstance(error, InvalidClient)

    async def test_both_secrets_work_while_they_overlap(self, server: TokenServer) -> None:
        old = ClientSecret(digest("old"), expires_at=NOW + 1)
        await server.change(CONFIDENTIAL, secrets=(old, ClientSecret(digest("new"))))
        for secret in ("old", "new"):
            assert (await authenticate(server, basic(WEB, secret))).client.client_id == WEB

    async def test_an_expired_secret_does_not_work(self, server: TokenServer) -> None:
        old = ClientSecret(digest("old"), expires_at=NOW)
        await server.change(CONFIDENTIAL, secrets=(old, ClientSecret(digest("new"))))
        assert isinstance(await refusal(server, basic(WEB, "old")), InvalidClient)

    async def test_a_client_without_secrets_has_no_right_one(self, server: TokenServer) -> None:
        await server.change(CONFIDENTIAL, secrets=())
        error = await refusal(server, basic(WEB, "the secret of no client"))
        assert isinstance(error, InvalidClient)

    @pytest.mark.rfc("6749", "2.3.1")
    async def test_wrong_secrets_are_limited_per_client_and_address(
        self, server: TokenServer
    ) -> None:
        errors = [await refusal(server, basic(WEB, "wrong")) for _ in range(20)]
        assert isinstance(errors[0], InvalidClient)
        last = errors[-1]
        assert isinstance(last, TooManyAttempts)
        assert last.status == 429
        assert last.retry_after > 0
        with pytest.raises(InvalidClient):
            await authenticate(server, basic(WEB, "wrong"), address="192.0.2.8")

    @pytest.mark.rfc("6749", "2.3.1")
    async def test_unknown_clients_are_limited_alike(self, server: TokenServer) -> None:
        errors = [await refusal(server, basic("nobody", "wrong")) for _ in range(20)]
        assert isinstance(errors[-1], TooManyAttempts)

    async def test_nobody_can_lock_a_client_out(self, server: TokenServer) -> None:
        for _ in range(20):
            await refusal(server, basic(WEB, "wrong"))
        assert (await authenticate(server, basic(WEB, SECRET))).client.client_id == WEB


SIGNER = AssertionKey()


class TestAssertions:
    """private_key_jwt: RFC 7523 §3."""

    @pytest.fixture
    async def client(self, server: TokenServer) -> Client:
        return await server.change(
            CONFIDENTIAL,
            client_id="signer",
            auth_method=AuthMethod.PRIVATE_KEY_JWT,
            secrets=(),
            jwks={"keys": [{**SIGNER.public_jwk, "kid": "k1"}]},
        )

    async def present(
        self, server: TokenServer, assertion: str, **fields: str
    ) -> AuthenticatedClient:
        fields = {"client_assertion_type": ASSERTION_TYPE, **fields}
        return await authenticate(server, client_assertion=assertion, **fields)

    async def refused(self, server: TokenServer, assertion: str, **fields: str) -> InvalidClient:
        with pytest.raises(InvalidClient) as caught:
            await self.present(server, assertion, **fields)
        assert caught.value.challenge
        return caught.value

    @pytest.mark.rfc("7523", "2.2")
    async def test_an_assertion_authenticates(self, server: TokenServer, client: Client) -> None:
        authenticated = await self.present(server, SIGNER.assertion("signer"))
        assert authenticated.client == client
        assert authenticated.keys == {SIGNER.jkt}

    @pytest.mark.rfc("7523", "3")
    async def test_the_endpoint_called_is_an_audience_too(
        self, server: TokenServer, client: Client
    ) -> None:
        authenticated = await self.present(server, SIGNER.assertion("signer", aud=TOKEN_ENDPOINT))
        assert authenticated.client == client

    @pytest.mark.rfc("7521", "4.2")
    async def test_client_id_may_repeat_the_subject(
        self, server: TokenServer, client: Client
    ) -> None:
        assertion = SIGNER.assertion("signer")
        assert (await self.present(server, assertion, client_id="signer")).client == client

    @pytest.mark.rfc("7521", "4.2")
    async def test_client_id_may_not_differ_from_the_subject(
        self, server: TokenServer, client: Client
    ) -> None:
        error = await self.refused(server, SIGNER.assertion("signer"), client_id=WEB)
        assert client.client_id not in error.description

    @pytest.mark.rfc("7521", "4.2")
    async def test_another_assertion_type_is_refused(
        self, server: TokenServer, client: Client
    ) -> None:
        error = await self.refused(
            server, SIGNER.assertion(client.client_id), client_assertion_type="urn:saml2"
        )
        assert "received 'urn:saml2'" in error.description

    @pytest.mark.rfc("7521", "4.2")
    @pytest.mark.parametrize("missing", ["client_assertion", "client_assertion_type"])
    async def test_assertion_and_type_come_together(
        self, server: TokenServer, missing: str
    ) -> None:
        fields = {
            "client_assertion": SIGNER.assertion("signer"),
            "client_assertion_type": ASSERTION_TYPE,
        }
        del fields[missing]
        error = await refusal(server, **fields)
        assert isinstance(error, InvalidRequest)
        assert missing in error.description

    @pytest.mark.rfc("7523", "3")
    @pytest.mark.parametrize(
        "claims",
        [
            {"iss": "other"},
            {"sub": "other"},
            {"sub": None},
            {"iss": ["signer"], "sub": ["signer"]},
            {"iss": "a\x00", "sub": "a\x00"},
            {"aud": "https://other.example"},
            {"aud": [ISSUER]},
            {"aud": [ISSUER, TOKEN_ENDPOINT]},
            {"aud": ISSUER + "/"},
            {"aud": None},
            {"exp": NOW - SKEW},
            {"exp": NOW + MAX_LIFETIME + SKEW + 1},
            {"exp": str(int(NOW) + 60)},
            {"exp": True},
            {"exp": None},
            {"exp": -(10**400)},
            {"exp": float("inf")},
            {"exp": float("nan")},
            {"iat": NOW + SKEW + 1},
            {"iat": "now"},
            {"iat": 10**400},
            {"iat": float("nan")},
            {"nbf": NOW + SKEW + 1},
            {"jti": ""},
            {"jti": 7},
            {"jti": "x" * 257},
            {"jti": "\ud800"},
        ],
        ids=repr,
    )
    async def test_a_wrong_claim_is_refused(
        self, server: TokenServer, client: Client, claims: dict[str, Any]
    ) -> None:
        error = await self.refused(server, SIGNER.assertion(client.client_id, **claims))
        assert error.error == "invalid_client"

    @pytest.mark.rfc("7523", "3")
    @pytest.mark.parametrize("claim", ["iss", "sub", "aud", "exp", "jti"])
    async def test_a_missing_claim_is_refused(
        self, server: TokenServer, client: Client, claim: str
    ) -> None:
        error = await self.refused(server, SIGNER.assertion(client.client_id, without=(claim,)))
        assert claim in error.description

    @pytest.mark.rfc("7523", "3")
    @pytest.mark.parametrize(
        "claims",
        [{"exp": NOW - SKEW + 1}, {"exp": NOW + MAX_LIFETIME}, {"iat": NOW + SKEW}, {"iat": 1}],
        ids=repr,
    )
    async def test_clocks_may_differ_a_little(
        self, server: TokenServer, client: Client, claims: dict[str, Any]
    ) -> None:
        assertion = SIGNER.assertion(client.client_id, **claims)
        assert (await self.present(server, assertion)).client == client

    @pytest.mark.rfc("7523", "3")
    @pytest.mark.parametrize("alg", ["none", "HS256", "HS512", "RS1", None, 7, ["ES256"]])
    async def test_an_algorithm_that_is_not_asymmetric_is_refused(
        self, server: TokenServer, client: Client, alg: object
    ) -> None:
        assertion = SIGNER.assertion(client.client_id, header={"alg": alg})
        assert "received alg" in (await self.refused(server, assertion)).description

    @pytest.mark.rfc("7515", "4.1.11")
    async def test_an_unknown_critical_header_is_refused(
        self, server: TokenServer, client: Client
    ) -> None:
        header = {"crit": ["b64"], "b64": True}
        error = await self.refused(server, SIGNER.assertion(client.client_id, header=header))
        assert "crit" in error.description

    @pytest.mark.rfc("7523", "3")
    async def test_a_signature_by_another_key_is_refused(
        self, server: TokenServer, client: Client
    ) -> None:
        error = await self.refused(server, AssertionKey().assertion(client.client_id))
        assert "no registered key" in error.description

    @pytest.mark.rfc("7523", "3")
    async def test_an_unknown_client_reads_like_a_wrong_signature(
        self, server: TokenServer, client: Client
    ) -> None:
        wrong = await self.refused(server, AssertionKey().assertion(client.client_id))
        unknown = await self.refused(server, SIGNER.assertion("nobody"))
        assert wrong.description.replace("signer", "nobody") == unknown.description

    @pytest.mark.rfc("7523", "3")
    async def test_a_changed_payload_is_refused(self, server: TokenServer, client: Client) -> None:
        header, payload, _ = SIGNER.assertion(client.client_id).split(".")
        _, _, signature = SIGNER.assertion(client.client_id).split(".")
        error = await self.refused(server, f"{header}.{payload}.{signature}")
        assert error.error == "invalid_client"

    @pytest.fixture
    async def client_of_two_keys(self, server: TokenServer, client: Client) -> Client:
        keys = [{**DpopKey().public_jwk, "kid": "k2"}, {**SIGNER.public_jwk, "kid": "k1"}]
        return await server.change(client, jwks={"keys": keys})

    @pytest.mark.rfc("7517", "4.5")
    @pytest.mark.parametrize("header", [{"kid": "k1"}, {}], ids=repr)
    async def test_any_key_may_sign_that_the_kid_does_not_rule_out(
        self, server: TokenServer, client_of_two_keys: Client, header: dict[str, str]
    ) -> None:
        assertion = SIGNER.assertion(client_of_two_keys.client_id, header=header)
        assert len((await self.present(server, assertion)).keys) == 2

    @pytest.mark.rfc("7517", "4.5")
    @pytest.mark.parametrize("kid", ["k2", "k3", "", 7, ["k1"]], ids=repr)
    async def test_a_kid_names_the_one_key_that_counts(
        self, server: TokenServer, client_of_two_keys: Client, kid: object
    ) -> None:
        assertion = SIGNER.assertion(client_of_two_keys.client_id, header={"kid": kid})
        assert "kid" in (await self.refused(server, assertion)).description

    @pytest.mark.rfc("7517", "4.2")
    @pytest.mark.parametrize(
        "members", [{"use": "enc"}, {"alg": "ES384"}, {"key_ops": ["encrypt"]}], ids=repr
    )
    async def test_a_key_that_is_for_something_else_does_not_count(
        self, server: TokenServer, client: Client, members: dict[str, Any]
    ) -> None:
        await server.change(client, jwks={"keys": [{**SIGNER.public_jwk, **members}]})
        error = await self.refused(server, SIGNER.assertion(client.client_id))
        assert "no registered key" in error.description

    @pytest.mark.rfc("7517", "5")
    @pytest.mark.parametrize(
        "jwk", [{"kty": "oct", "k": "c2VjcmV0"}, {"kty": "AKP"}, {"kty": "EC", "crv": "P-256"}, {}]
    )
    async def test_a_key_that_is_not_understood_is_passed_over(
        self, server: TokenServer, client: Client, jwk: dict[str, str]
    ) -> None:
        await server.change(client, jwks={"keys": [jwk, SIGNER.public_jwk]})
        authenticated = await self.present(server, SIGNER.assertion(client.client_id))
        assert authenticated.keys == {SIGNER.jkt}

    @pytest.mark.rfc("7518", "3.1")
    @pytest.mark.parametrize("alg", ["ES384", "EdDSA", "Ed25519", "PS256", "RS256"])
    async def test_every_asymmetric_algorithm_is_taken(
        self, server: TokenServer, client: Client, alg: str
    ) -> None:
        signer = AssertionKey(alg)
        await server.change(client, jwks={"keys": [signer.public_jwk]})
        authenticated = await self.present(server, signer.assertion(client.client_id))
        assert authenticated.keys == {signer.jkt}

    @pytest.mark.rfc("7515", "5.2")
    @pytest.mark.parametrize(
        "assertion",
        [
            "a",
            "a.b",
            "a.b.c",
            "a.b.c.d",
            "..",
            "e30.e30.!",
            f"{b64url(b'[]')}.e30.YQ",
            f"e30.{b64url(b'not json')}.YQ",
            f"e30.{b64url(bytes([0xFF]))}.YQ",
            f"e30.{b64url(b'[' * 6000)}.YQ",
            f"e30.{b64url(b'1' * 6000)}.YQ",
        ],
        ids=lambda value: value[:20],
    )
    async def test_what_is_no_jwt_is_an_invalid_client(
        self, server: TokenServer, assertion: str
    ) -> None:
        error = await self.refused(server, assertion)
        assert error.status == 401

    @pytest.mark.rfc("6749", "2.3")
    async def test_a_client_registered_for_a_secret_may_not_sign(self, server: TokenServer) -> None:
        await server.change(CONFIDENTIAL, jwks={"keys": [SIGNER.public_jwk]})
        error = await self.refused(server, SIGNER.assertion(WEB))
        assert "registered for another method" in error.description

    @pytest.mark.rfc("7523", "3")
    async def test_an_assertion_is_unspent_until_it_is_spent(
        self, server: TokenServer, client: Client
    ) -> None:
        assertion = SIGNER.assertion(client.client_id)
        first = await self.present(server, assertion)
        second = await self.present(server, assertion)
        await server.authenticator.spend_assertion(first)
        with pytest.raises(InvalidClient, match="jti"):
            await server.authenticator.spend_assertion(second)
        assert "jti" in (await self.refused(server, assertion)).description

    @pytest.mark.rfc("7523", "3")
    async def test_a_jti_is_remembered_as_long_as_its_assertion_is_good(
        self, server: TokenServer, client: Client
    ) -> None:
        assertion = SIGNER.assertion(client.client_id, exp=int(NOW) + 60)
        await server.authenticator.spend_assertion(await self.present(server, assertion))
        server.clock.advance(60 + SKEW - 0.1)
        assert "jti" in (await self.refused(server, assertion)).description
        server.clock.advance(0.1)
        assert "expired" in (await self.refused(server, assertion)).description

    async def test_two_clients_may_use_the_same_jti(
        self, server: TokenServer, client: Client
    ) -> None:
        await server.change(client, client_id="signer2")
        for client_id in ("signer", "signer2"):
            authenticated = await self.present(server, SIGNER.assertion(client_id, jti="1"))
            await server.authenticator.spend_assertion(authenticated)
            assert authenticated.assertion is not None

    @pytest.mark.rfc("7523", "3")
    async def test_of_twenty_uses_at_once_one_wins(
        self, server: TokenServer, client: Client
    ) -> None:
        assertion = SIGNER.assertion(client.client_id)
        found = [await self.present(server, assertion) for _ in range(20)]
        results = await asyncio.gather(
            *(server.authenticator.spend_assertion(one) for one in found), return_exceptions=True
        )
        assert results.count(None) == 1

    @pytest.mark.rfc("9449", "4.3")
    async def test_the_thumbprint_of_a_key_is_that_of_its_canonical_form(
        self, server: TokenServer, client: Client
    ) -> None:
        padded = b64url(b"\x00" + base64.urlsafe_b64decode(SIGNER.public_jwk["x"] + "="))
        await server.change(client, jwks={"keys": [{**SIGNER.public_jwk, "x": padded}]})
        authenticated = await self.present(server, SIGNER.assertion(client.client_id))
        assert authenticated.keys == {SIGNER.jkt}


class TestAnyInput:
    """Whatever is sent, the answer is an error of OAuth, never a crash."""

    @settings(deadline=None)
    @given(
        st.one_of(st.text(), st.binary().map(lambda raw: "Basic " + base64.b64encode(raw).decode()))
    )
    def test_any_authorization_header_is_read_or_refused(self, authorization: str) -> None:
        with suppress(OAuthError):
            presented = read(authorization, Parameters.parse([]))
            assert presented.client_id.isprintable()

    @settings(deadline=None)
    @given(header=st.binary(max_size=60), payload=st.binary(max_size=60), signature=st.binary())
    def test_any_bytes_in_an_assertion_are_refused(
        self, header: bytes, payload: bytes, signature: bytes
    ) -> None:
        with pytest.raises(InvalidClient):
            client_assertion.parse(".".join(b64url(part) for part in (header, payload, signature)))

    @settings(deadline=None)
    @given(
        st.dictionaries(
            st.sampled_from(["aud", "exp", "iat", "nbf", "jti"]),
            st.recursive(
                st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
                lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
                max_leaves=3,
            ),
        )
    )
    def test_any_claims_in_an_assertion_are_read_or_refused(self, claims: dict[str, Any]) -> None:
        assertion = SIGNER.assertion("signer", **claims)
        with suppress(InvalidClient):
            checked = client_assertion.check_claims(
                client_assertion.parse(assertion), audiences=[ISSUER], algs=["ES256"], now=NOW
            )
            assert checked.expires_at > NOW
