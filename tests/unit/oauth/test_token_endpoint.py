"""The phases that every grant shares, and their order."""

from typing import Any

import pytest

from app.dpop.errors import NonceRequired, ProofRefused
from app.oauth.client import AuthMethod, Client
from app.oauth.client_assertion import ASSERTION_TYPE
from app.oauth.errors import (
    InvalidClient,
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    OAuthError,
    TemporarilyUnavailable,
    UnauthorizedClient,
    UnsupportedGrantType,
)
from app.oauth.token_response import TokenResponse
from app.telemetry.audit import EventKind
from tests.builders import ISSUER, DpopKey

from .token_server import (
    ADDRESS,
    API,
    CONFIDENTIAL,
    FILES,
    PUBLIC,
    SECRET,
    AssertionKey,
    TokenServer,
    basic,
    claims_of,
    form,
)

WEB = basic(CONFIDENTIAL.client_id, SECRET)
SIGNER = AssertionKey()


async def client_credentials(
    server: TokenServer, key: DpopKey | None, *, authorization: str = WEB, **fields: str | None
) -> TokenResponse:
    """Send a valid request, but for the changes."""
    changed = form(**{"grant_type": "client_credentials", **fields})
    return await server.post(changed, key, authorization=authorization)


class TestOrder:
    async def test_the_client_is_authenticated_before_the_proof_is_admitted(
        self, server: TokenServer
    ) -> None:
        with pytest.raises(InvalidClient):
            await client_credentials(server, None, authorization=basic("web", "wrong"))

    async def test_the_proof_is_admitted_before_the_grant_is_looked_at(
        self, server: TokenServer
    ) -> None:
        with pytest.raises(ProofRefused, match="DPoP"):
            await client_credentials(server, None, grant_type="unknown")

    async def test_the_grant_is_known_before_the_client_is_asked_whether_it_may(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        await server.change(CONFIDENTIAL, grant_types=frozenset())
        with pytest.raises(UnsupportedGrantType):
            await client_credentials(server, key, grant_type="password")

    @pytest.mark.rfc("9449", "11.1")
    async def test_a_proof_is_good_once(self, server: TokenServer, key: DpopKey) -> None:
        fields = form(grant_type="client_credentials")
        assert (await server.post(fields, key, authorization=WEB, jti="1")).access_token
        with pytest.raises(ProofRefused) as caught:
            await server.post(fields, key, authorization=WEB, jti="1")
        assert caught.value.check == "replay"


class TestAssertion:
    """What a client may send again after a challenge (RFC 9449 §8)."""

    @pytest.fixture
    async def signer(self, server: TokenServer) -> Client:
        return await server.change(
            CONFIDENTIAL,
            client_id="signer",
            auth_method=AuthMethod.PRIVATE_KEY_JWT,
            secrets=(),
            jwks={"keys": [SIGNER.public_jwk]},
            dpop_nonce="required",
        )

    async def send(self, server: TokenServer, key: DpopKey, assertion: str, **claims: Any) -> str:
        fields = form(
            grant_type="client_credentials",
            client_assertion=assertion,
            client_assertion_type=ASSERTION_TYPE,
        )
        return (await server.post(fields, key, **claims)).access_token

    @pytest.mark.rfc("9449", "8")
    async def test_a_challenge_spends_neither_the_assertion_nor_the_proof(
        self, server: TokenServer, signer: Client, key: DpopKey
    ) -> None:
        assertion = SIGNER.assertion(signer.client_id)
        with pytest.raises(NonceRequired) as caught:
            await self.send(server, key, assertion, jti="1")
        assert await self.send(server, key, assertion, jti="1", nonce=caught.value.nonce)

    @pytest.mark.rfc("7523", "3")
    async def test_an_assertion_is_good_once(
        self, server: TokenServer, signer: Client, key: DpopKey
    ) -> None:
        await server.change(signer, dpop_nonce="off")
        assertion = SIGNER.assertion(signer.client_id)
        assert await self.send(server, key, assertion)
        with pytest.raises(InvalidClient, match="jti"):
            await self.send(server, key, assertion)

    async def test_a_refused_proof_does_not_spend_the_assertion(
        self, server: TokenServer, signer: Client, key: DpopKey
    ) -> None:
        await server.change(signer, dpop_nonce="off")
        assertion = SIGNER.assertion(signer.client_id)
        with pytest.raises(ProofRefused):
            await self.send(server, key, assertion, iat=1)
        assert await self.send(server, key, assertion)

    @pytest.mark.rfc("9449", "11.8")
    async def test_the_dpop_key_may_not_be_the_key_of_the_client(
        self, server: TokenServer, signer: Client
    ) -> None:
        with pytest.raises(ProofRefused) as caught:
            await self.send(server, SIGNER, SIGNER.assertion(signer.client_id))
        assert caught.value.check == "client_key"


class TestGrantType:
    @pytest.mark.rfc("6749", "5.2")
    async def test_a_missing_grant_type_is_an_invalid_request(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        with pytest.raises(InvalidRequest, match="grant_type is missing"):
            await client_credentials(server, key, grant_type=None)

    @pytest.mark.rfc("6749", "5.2")
    @pytest.mark.parametrize("grant_type", ["password", "Client_Credentials", "implicit"])
    async def test_an_unknown_grant_type_is_unsupported(
        self, server: TokenServer, key: DpopKey, grant_type: str
    ) -> None:
        with pytest.raises(UnsupportedGrantType, match=f"received '{grant_type}'"):
            await client_credentials(server, key, grant_type=grant_type)

    @pytest.mark.rfc("6749", "5.2")
    async def test_a_grant_that_the_client_may_not_use_makes_it_unauthorized(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        await server.change(CONFIDENTIAL, grant_types=frozenset({"authorization_code"}))
        with pytest.raises(UnauthorizedClient, match="not for client_credentials"):
            await client_credentials(server, key)

    @pytest.mark.rfc("8414", "2")
    def test_the_grants_served_are_those_advertised(self, server: TokenServer) -> None:
        assert server.endpoint.grant_types_supported == (
            "authorization_code",
            "refresh_token",
            "client_credentials",
        )


class TestScopeAndResource:
    @pytest.mark.rfc("6749", "3.3")
    async def test_a_request_without_scope_gets_what_the_client_is_registered_for(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        assert (await client_credentials(server, key)).scope == "read write"

    @pytest.mark.rfc("6749", "5.2")
    @pytest.mark.parametrize("scope", ["read admin", "read  write"])
    async def test_a_scope_that_is_malformed_or_too_wide_is_refused(
        self, server: TokenServer, key: DpopKey, scope: str
    ) -> None:
        with pytest.raises(InvalidScope):
            await client_credentials(server, key, scope=scope)

    @pytest.mark.rfc("8707", "2")
    async def test_the_audience_follows_the_resource(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        response = await client_credentials(server, key, resource=API.uri)
        assert claims_of(response.access_token)["aud"] == API.uri
        assert (response.scope, response.expires_in) == ("read", 120)

    @pytest.mark.rfc("8707", "2")
    async def test_several_resources_make_several_audiences(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        fields = [("grant_type", "client_credentials"), ("resource", API.uri)]
        response = await server.post([*fields, ("resource", FILES.uri)], key, authorization=WEB)
        assert claims_of(response.access_token)["aud"] == [API.uri, FILES.uri]
        assert response.scope == "read write"

    @pytest.mark.rfc("8707", "2")
    async def test_an_unregistered_resource_is_an_invalid_target(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        with pytest.raises(InvalidTarget):
            await client_credentials(server, key, resource="https://other.example")


class TestResponse:
    @pytest.mark.rfc("9449", "5")
    async def test_the_answer_is_a_token_bound_to_the_proofs_key(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        response = await client_credentials(server, key)
        assert (response.token_type, response.expires_in) == ("DPoP", 300)
        assert claims_of(response.access_token)["cnf"] == {"jkt": key.jkt}

    @pytest.mark.rfc("9449", "8.2")
    async def test_the_nonce_goes_with_the_answer(self, server: TokenServer, key: DpopKey) -> None:
        await server.change(CONFIDENTIAL, dpop_nonce="required")
        with pytest.raises(NonceRequired) as caught:
            await client_credentials(server, key)
        nonce = caught.value.nonce
        fields = form(grant_type="client_credentials")
        assert (await server.post(fields, key, authorization=WEB, nonce=nonce)).nonce == nonce

    async def test_a_client_without_scopes_gets_a_token_without(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        await server.change(CONFIDENTIAL, scopes=frozenset())
        response = await client_credentials(server, key)
        assert response.scope is None
        assert "scope" not in claims_of(response.access_token)

    @pytest.mark.rfc("6750", "5.3")
    async def test_a_bearer_token_is_short(self, server: TokenServer) -> None:
        await server.change(CONFIDENTIAL, dpop_bound_access_tokens=False)
        response = await client_credentials(server, None)
        assert (response.token_type, response.expires_in) == ("Bearer", 60)
        assert "cnf" not in claims_of(response.access_token)

    async def test_without_a_signing_key_the_server_is_unavailable(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        await server.withdraw_signing_keys()
        with pytest.raises(TemporarilyUnavailable):
            await client_credentials(server, key)


class TestAudit:
    async def test_an_issuance_is_recorded(self, server: TokenServer, key: DpopKey) -> None:
        response = await client_credentials(server, key, scope="read")
        (event,) = server.audit.events
        assert (event.kind, event.client_id, event.jkt, event.address) == (
            EventKind.TOKEN_ISSUED,
            CONFIDENTIAL.client_id,
            key.jkt,
            ADDRESS,
        )
        assert event.details == {
            "grant_type": "client_credentials",
            "token_type": "DPoP",
            "jti": claims_of(response.access_token)["jti"],
            "scope": "read",
            "audience": ISSUER,
        }

    async def test_a_refusal_is_recorded_with_its_error(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        with pytest.raises(OAuthError):
            await client_credentials(server, key, scope="admin")
        (event,) = server.audit.events
        assert (event.kind, event.client_id, event.jkt, event.check) == (
            EventKind.REQUEST_REFUSED,
            CONFIDENTIAL.client_id,
            key.jkt,
            None,
        )
        assert event.details["error"] == "invalid_scope"

    async def test_a_refused_proof_is_recorded_with_its_check(self, server: TokenServer) -> None:
        with pytest.raises(ProofRefused):
            await client_credentials(server, None)
        (event,) = server.audit.events
        assert (event.check, event.details["error"]) == ("header.present", "invalid_dpop_proof")

    async def test_a_refused_client_is_recorded_as_it_called_itself(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        with pytest.raises(InvalidClient):
            await client_credentials(server, key, authorization=basic("nobody", SECRET))
        (event,) = server.audit.events
        assert (event.client_id, event.details["error"]) == ("nobody", "invalid_client")

    async def test_no_secret_is_recorded(self, server: TokenServer, key: DpopKey) -> None:
        code = await server.issue_code()
        response = await server.redeem(code, key)
        with pytest.raises(OAuthError):
            await server.redeem(code, key)
        with pytest.raises(OAuthError):
            await server.refresh(f"{response.refresh_token}x", key)
        with pytest.raises(OAuthError):
            await client_credentials(server, key, authorization=basic("web", SECRET + "x"))
        text = repr(server.audit.events)
        secrets = [code, response.access_token, f"{response.refresh_token}", SECRET]
        assert not [secret for secret in secrets if secret in text]
        assert PUBLIC.client_id in text
