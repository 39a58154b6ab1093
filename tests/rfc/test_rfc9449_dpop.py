"""RFC 9449, DPoP: the token endpoint over HTTP, a class a section.

Section 4.3, the checks of a proof one by one, is in test_rfc9449_proof.py.
"""

from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from app.credentials import Kind, mint
from app.oauth.client import GrantType
from app.oauth.exchange import ACCESS_TOKEN
from app.telemetry.audit import EventKind
from tests.answers import challenged, is_uncacheable, issued, proof_refused, refused
from tests.builders import ISSUER, DpopKey
from tests.conftest import Start
from tests.harness import (
    CLIENT_KEY,
    POSTING,
    SIGNING,
    SPA,
    WEB,
    Server,
    asserted,
    running,
)
from tests.unit.oauth.token_server import claims_of

ALGORITHMS = ["ES256", "ES384", "ES512", "EdDSA", "Ed25519", "PS256", "PS384", "PS512", "RS256"]
MINUTE = 60


class TestSection5TokenRequest:
    @pytest.mark.rfc("9449", "5")
    async def test_the_type_of_a_bound_token_is_dpop(self, server: Server, key: DpopKey) -> None:
        members = issued(await server.redeem(await server.code(), key))
        assert members["token_type"] == "DPoP"

    @pytest.mark.rfc("9449", "5")
    @pytest.mark.parametrize("grant_type", list(GrantType))
    async def test_every_grant_demands_a_proof(
        self, server: Server, key: DpopKey, grant_type: GrantType
    ) -> None:
        tokens = await server.tokens(key, WEB)
        credential: dict[str, Any] = {
            GrantType.AUTHORIZATION_CODE: {"code": await server.code(WEB)},
            GrantType.REFRESH_TOKEN: {"refresh_token": tokens["refresh_token"]},
            GrantType.CLIENT_CREDENTIALS: {},
            GrantType.DEVICE_CODE: {"device_code": mint(Kind.DEVICE_CODE)},
            GrantType.TOKEN_EXCHANGE: {
                "subject_token": tokens["access_token"],
                "subject_token_type": ACCESS_TOKEN,
            },
        }[grant_type]
        details = proof_refused(
            await server.token(None, WEB, grant_type=grant_type, **credential), "header.present"
        )
        assert details["expected"] == "one DPoP header field"

    @pytest.mark.rfc("9449", "5")
    async def test_a_request_without_a_proof_leaves_the_code_good(
        self, server: Server, key: DpopKey
    ) -> None:
        code = await server.code()
        proof_refused(await server.redeem(code, None), "header.present")
        issued(await server.redeem(code, key))

    @pytest.mark.rfc("9449", "5")
    @pytest.mark.parametrize("alg", ALGORITHMS)
    async def test_a_proof_by_any_algorithm_announced_is_taken(
        self, server: Server, alg: str
    ) -> None:
        key = DpopKey(alg)
        members = issued(await server.redeem(await server.code(), key))
        assert claims_of(members["access_token"])["cnf"] == {"jkt": key.jkt}

    @pytest.mark.rfc("9449", "5")
    async def test_a_proof_in_a_header_of_any_case_is_taken(
        self, server: Server, key: DpopKey
    ) -> None:
        code, headers = await server.code(), [("dPoP", server.proof(key))]
        issued(await server.redeem(code, None, headers=headers))

    @pytest.mark.rfc("9449", "5")
    async def test_a_public_clients_refresh_token_is_bound_to_the_key(
        self, server: Server, key: DpopKey, other_key: DpopKey
    ) -> None:
        token = (await server.tokens(key))["refresh_token"]
        details = proof_refused(
            await server.refresh(token, other_key), "binding", error="invalid_grant"
        )
        assert (details["expected"], details["received"]) == (key.jkt, other_key.jkt)

    @pytest.mark.rfc("9449", "5")
    async def test_a_wrong_key_revokes_nothing(
        self, server: Server, key: DpopKey, other_key: DpopKey
    ) -> None:
        token = (await server.tokens(key))["refresh_token"]
        await server.refresh(token, other_key)
        issued(await server.refresh(token, key))

    @pytest.mark.rfc("9449", "5")
    @pytest.mark.parametrize("client", [WEB, POSTING, SIGNING], ids=lambda each: each.client_id)
    async def test_a_confidential_clients_refresh_token_takes_a_new_key(
        self, server: Server, key: DpopKey, other_key: DpopKey, client: Any
    ) -> None:
        token = (await server.tokens(key, client))["refresh_token"]
        members = issued(await server.refresh(token, other_key, client))
        assert claims_of(members["access_token"])["cnf"] == {"jkt": other_key.jkt}

    @pytest.mark.rfc("9449", "5")
    async def test_a_switch_binds_a_confidential_clients_refresh_token(
        self, server: Server, key: DpopKey, other_key: DpopKey
    ) -> None:
        client = await server.change(WEB, dpop_bound_refresh_tokens=True)
        token = (await server.tokens(key, client))["refresh_token"]
        refusal = await server.refresh(token, other_key, client)
        proof_refused(refusal, "binding", error="invalid_grant")
        issued(await server.refresh(token, key, client))

    @pytest.mark.rfc("9449", "5")
    async def test_a_refreshed_token_is_bound_to_the_same_key(
        self, server: Server, key: DpopKey
    ) -> None:
        token = (await server.tokens(key))["refresh_token"]
        members = issued(await server.refresh(token, key))
        assert claims_of(members["access_token"])["cnf"] == {"jkt": key.jkt}

    @pytest.mark.rfc("9449", "5")
    async def test_the_successor_of_a_bound_refresh_token_is_bound_too(
        self, server: Server, key: DpopKey, other_key: DpopKey
    ) -> None:
        first = (await server.tokens(key))["refresh_token"]
        second = issued(await server.refresh(first, key))["refresh_token"]
        proof_refused(await server.refresh(second, other_key), "binding", error="invalid_grant")

    @pytest.mark.rfc("9449", "5")
    async def test_an_invalid_proof_is_named_with_check_expectation_and_page(
        self, server: Server, key: DpopKey
    ) -> None:
        proof = server.proof(key, htu="https://elsewhere.example/token")
        response = await server.redeem(await server.code(), None, proof=proof)
        details = proof_refused(response, "htu")
        assert details["expected"] == server.token_endpoint
        assert details["received"] == "https://elsewhere.example/token"
        assert details["server_time"] == int(server.clock.now())

    @pytest.mark.rfc("9449", "5")
    async def test_the_key_of_a_client_assertion_is_no_key_for_proofs(self, server: Server) -> None:
        details = proof_refused(await server.client_credentials(CLIENT_KEY, SIGNING), "client_key")
        assert details["received"] == CLIENT_KEY.jkt

    @pytest.mark.rfc("9449", "5")
    async def test_the_refusal_of_the_clients_key_spends_no_assertion(
        self, server: Server, key: DpopKey
    ) -> None:
        fields = asserted(CLIENT_KEY.assertion(SIGNING.client_id))
        await server.client_credentials(CLIENT_KEY, SIGNING, **fields)
        issued(await server.client_credentials(key, SIGNING, **fields))


class TestSection43AtTheTokenEndpoint:
    """Each check over HTTP: the answer names it, and the code stays good."""

    @pytest.mark.rfc("9449", "4.3")
    @pytest.mark.parametrize(
        ("check", "changes"),
        [
            ("typ", {"header": {"typ": "JWT"}}),
            ("alg", {"header": {"alg": "none"}}),
            ("alg", {"header": {"alg": "HS256"}}),
            ("jwk", {"header": {"jwk": DpopKey().key.as_dict(private=True)}}),
            ("signature", {"header": {"jwk": DpopKey().public_jwk}}),
            ("claims", {"without": ("jti",)}),
            ("claims", {"without": ("iat",)}),
            ("htm", {"htm": "GET"}),
            ("htu", {"htu": ISSUER + "/other"}),
        ],
    )
    async def test_a_broken_proof_leaves_the_code_good(
        self, server: Server, key: DpopKey, check: str, changes: dict[str, Any]
    ) -> None:
        code = await server.code()
        refusal = await server.redeem(code, None, proof=server.proof(key, **changes))
        proof_refused(refusal, check)
        issued(await server.redeem(code, key))

    @pytest.mark.rfc("9449", "4.3")
    async def test_two_header_fields_are_refused(self, server: Server, key: DpopKey) -> None:
        code = await server.code()
        refusal = await server.redeem(code, None, proof=[server.proof(key), server.proof(key)])
        assert proof_refused(refusal, "header.count")["received"] == "2"
        issued(await server.redeem(code, key))

    @pytest.mark.rfc("9449", "4.3")
    async def test_two_proofs_joined_by_a_comma_are_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        joined = f"{server.proof(key)}, {server.proof(key)}"
        proof_refused(await server.redeem(await server.code(), None, proof=joined), "header.count")

    @pytest.mark.rfc("9449", "4.3")
    async def test_an_empty_header_field_is_no_proof(self, server: Server) -> None:
        proof_refused(await server.redeem(await server.code(), None, proof=""), "jwt.form")

    @pytest.mark.rfc("9449", "4.3")
    async def test_htu_is_compared_with_the_issuer_and_not_with_the_host_header(
        self, server: Server, key: DpopKey
    ) -> None:
        code, headers = await server.code(), [("Host", "evil.example")]
        proof = server.proof(key, htu="http://evil.example/token")
        proof_refused(await server.redeem(code, None, proof=proof, headers=headers), "htu")
        issued(await server.redeem(code, key, headers=headers))

    @pytest.mark.rfc("9449", "4.3")
    async def test_query_and_fragment_of_htu_are_ignored(
        self, server: Server, key: DpopKey
    ) -> None:
        proof = server.proof(key, htu=server.token_endpoint + "?a=b#c")
        issued(await server.redeem(await server.code(), None, proof=proof))


class TestSection51Metadata:
    @pytest.mark.rfc("9449", "5.1")
    async def test_the_algorithms_announced_are_those_of_the_settings(self, start: Start) -> None:
        server = await start(dpop_algs="ES256,PS256")
        document = (await server.http.get("/.well-known/oauth-authorization-server")).json()
        assert document["dpop_signing_alg_values_supported"] == ["ES256", "PS256"]

    @pytest.mark.rfc("9449", "5.1")
    async def test_an_algorithm_that_is_not_announced_is_refused(self, start: Start) -> None:
        server = await start(dpop_algs="ES256,PS256")
        details = proof_refused(await server.client_credentials(DpopKey("Ed25519")), "alg")
        assert details["received"] == "Ed25519"


class TestSection52Registration:
    """dpop_bound_access_tokens, and the Bearer tokens that two people must allow."""

    @pytest.mark.rfc("9449", "5.2")
    async def test_a_bound_client_gets_no_bearer_token_where_bearer_is_allowed(
        self, start: Start
    ) -> None:
        server = await start(allow_bearer=True)
        proof_refused(await server.client_credentials(None), "header.present")

    @pytest.mark.rfc("9449", "5.2")
    async def test_a_client_registered_for_bearer_gets_none_unless_the_server_allows_it(
        self, server: Server
    ) -> None:
        client = await server.change(WEB, dpop_bound_access_tokens=False)
        proof_refused(await server.client_credentials(None, client), "header.present")

    @pytest.mark.rfc("9449", "5.2")
    async def test_a_client_registered_for_bearer_gets_it_where_the_server_allows_it(
        self, start: Start
    ) -> None:
        server = await start(allow_bearer=True)
        client = await server.change(WEB, dpop_bound_access_tokens=False)
        members = issued(await server.client_credentials(None, client), "Bearer")
        assert "cnf" not in claims_of(members["access_token"])

    @pytest.mark.rfc("9449", "5.2")
    async def test_a_bearer_token_lives_shorter_than_any_setting_of_bound_ones(
        self, start: Start
    ) -> None:
        server = await start(
            allow_bearer=True, bearer_token_lifetime=45, access_token_lifetime=3600
        )
        client = await server.change(WEB, dpop_bound_access_tokens=False)
        members = issued(await server.client_credentials(None, client), "Bearer")
        claims = claims_of(members["access_token"])
        assert members["expires_in"] == claims["exp"] - claims["iat"] == 45

    @pytest.mark.rfc("9449", "5.2")
    async def test_a_bearer_token_is_marked_in_the_audit_log(self, start: Start) -> None:
        server = await start(allow_bearer=True)
        client = await server.change(WEB, dpop_bound_access_tokens=False)
        await server.client_credentials(None, client)
        event = (await server.audit())[-1]
        assert (event.kind, event.details["token_type"]) == (EventKind.TOKEN_ISSUED, "Bearer")

    @pytest.mark.rfc("9449", "5.2")
    async def test_a_bearer_client_with_a_proof_gets_a_bound_token(
        self, start: Start, key: DpopKey
    ) -> None:
        server = await start(allow_bearer=True)
        client = await server.change(WEB, dpop_bound_access_tokens=False)
        members = issued(await server.client_credentials(key, client))
        assert claims_of(members["access_token"])["cnf"] == {"jkt": key.jkt}

    @pytest.mark.rfc("9449", "5.2")
    async def test_a_bearer_client_with_a_bad_proof_gets_nothing(
        self, start: Start, key: DpopKey
    ) -> None:
        server = await start(allow_bearer=True)
        client = await server.change(WEB, dpop_bound_access_tokens=False)
        refusal = await server.client_credentials(None, client, proof=server.proof(key, htm="GET"))
        proof_refused(refusal, "htm")

    @pytest.mark.rfc("9449", "5.2")
    async def test_a_bound_refresh_token_of_a_bearer_client_still_demands_its_key(
        self, start: Start, key: DpopKey
    ) -> None:
        server = await start(allow_bearer=True)
        client = await server.change(SPA, dpop_bound_access_tokens=False)
        token = (await server.tokens(key, client))["refresh_token"]
        proof_refused(await server.refresh(token, None, client), "binding", error="invalid_grant")
        issued(await server.refresh(token, key, client))

    @pytest.mark.rfc("9449", "5.2")
    async def test_a_bound_code_of_a_bearer_client_still_demands_its_key(
        self, start: Start, key: DpopKey
    ) -> None:
        server = await start(allow_bearer=True)
        client = await server.change(SPA, dpop_bound_access_tokens=False)
        code = await server.code(client, dpop_jkt=key.jkt)
        proof_refused(await server.redeem(code, None, client), "binding", error="invalid_grant")
        issued(await server.redeem(code, key, client))


class TestSection6Confirmation:
    @pytest.mark.rfc("9449", "6.1")
    async def test_the_signed_token_confirms_the_thumbprint_of_the_key(
        self, server: Server, key: DpopKey
    ) -> None:
        token = (await server.tokens(key))["access_token"]
        published = KeySet.import_key_set((await server.http.get("/jwks")).json())
        assert jwt.decode(token, published).claims["cnf"] == {"jkt": key.jkt}

    @pytest.mark.rfc("9449", "6")
    async def test_two_keys_of_one_client_confirm_two_thumbprints(
        self, server: Server, key: DpopKey, other_key: DpopKey
    ) -> None:
        tokens = [(await server.tokens(each))["access_token"] for each in (key, other_key)]
        assert [claims_of(token)["cnf"]["jkt"] for token in tokens] == [key.jkt, other_key.jkt]


class TestSection8Required:
    """The policy that demands a nonce of every proof."""

    @pytest.fixture
    async def server(self, start: Start) -> Server:
        return await start(dpop_nonce="required")

    @pytest.mark.rfc("9449", "8")
    async def test_a_proof_without_a_nonce_is_challenged(
        self, server: Server, key: DpopKey
    ) -> None:
        response = await server.redeem(await server.code(), key)
        assert challenged(response)
        assert is_uncacheable(response)

    @pytest.mark.rfc("9449", "8")
    async def test_the_challenge_consumes_no_code(self, server: Server, key: DpopKey) -> None:
        code = await server.code()
        nonce = challenged(await server.redeem(code, key))
        issued(await server.redeem(code, None, proof=server.proof(key, nonce=nonce)))

    @pytest.mark.rfc("9449", "8")
    async def test_the_challenge_consumes_no_refresh_token(
        self, server: Server, key: DpopKey
    ) -> None:
        nonce = challenged(await server.redeem(code := await server.code(), key))
        first = await server.redeem(code, None, proof=server.proof(key, nonce=nonce))
        token = issued(first)["refresh_token"]
        challenged(await server.refresh(token, key))
        second = await server.refresh(token, None, proof=server.proof(key, nonce=nonce))
        assert issued(second)["refresh_token"] != token

    @pytest.mark.rfc("9449", "8")
    async def test_the_challenge_does_not_spend_the_proofs_jti(
        self, server: Server, key: DpopKey
    ) -> None:
        nonce = challenged(
            await server.client_credentials(None, proof=server.proof(key, jti="the same"))
        )
        proof = server.proof(key, jti="the same", nonce=nonce)
        issued(await server.client_credentials(None, proof=proof))

    @pytest.mark.rfc("9449", "8")
    async def test_the_challenge_does_not_spend_the_assertions_jti(
        self, server: Server, key: DpopKey
    ) -> None:
        fields = asserted(CLIENT_KEY.assertion(SIGNING.client_id))
        nonce = challenged(await server.client_credentials(key, SIGNING, **fields))
        proof = server.proof(key, nonce=nonce)
        issued(await server.client_credentials(None, SIGNING, proof=proof, **fields))

    @pytest.mark.rfc("9449", "8")
    @pytest.mark.parametrize("nonce", ["", "unknown", "n" * 2000])
    async def test_a_nonce_the_server_never_gave_is_challenged_with_one_it_takes(
        self, server: Server, key: DpopKey, nonce: str
    ) -> None:
        code = await server.code()
        refusal = await server.redeem(code, None, proof=server.proof(key, nonce=nonce))
        proof = server.proof(key, nonce=challenged(refusal))
        issued(await server.redeem(code, None, proof=proof))

    @pytest.mark.rfc("9449", "8")
    @pytest.mark.parametrize("nonce", [None, 5, ["n"], True])
    async def test_a_nonce_that_is_no_string_is_a_malformed_proof(
        self, server: Server, key: DpopKey, nonce: object
    ) -> None:
        proof = server.proof(key, nonce=nonce)
        proof_refused(await server.redeem(await server.code(), None, proof=proof), "claims")

    @pytest.mark.rfc("9449", "8")
    async def test_a_nonce_is_good_for_several_requests(self, server: Server, key: DpopKey) -> None:
        nonce = challenged(await server.client_credentials(key))
        for _ in range(2):
            proof = server.proof(key, nonce=nonce)
            issued(await server.client_credentials(None, proof=proof))

    @pytest.mark.rfc("9449", "8")
    async def test_a_nonce_is_good_in_the_step_after_its_own(
        self, server: Server, key: DpopKey
    ) -> None:
        nonce = challenged(await server.client_credentials(key))
        server.clock.advance(MINUTE)
        proof = server.proof(key, nonce=nonce)
        issued(await server.client_credentials(None, proof=proof))

    @pytest.mark.rfc("9449", "8")
    async def test_a_nonce_runs_out_after_the_next_step(self, server: Server, key: DpopKey) -> None:
        nonce = challenged(await server.client_credentials(key))
        server.clock.advance(2 * MINUTE)
        refusal = await server.client_credentials(None, proof=server.proof(key, nonce=nonce))
        assert challenged(refusal) != nonce

    @pytest.mark.rfc("9449", "8")
    async def test_a_valid_nonce_forgives_a_wrong_clock(self, server: Server, key: DpopKey) -> None:
        nonce = challenged(await server.client_credentials(key))
        for hours in (-5, 5):
            iat = server.clock.now() + hours * 3600
            proof = server.proof(key, iat=iat, nonce=nonce)
            issued(await server.client_credentials(None, proof=proof))

    @pytest.mark.rfc("9449", "8")
    async def test_a_client_that_did_not_authenticate_is_given_no_nonce(
        self, server: Server, key: DpopKey
    ) -> None:
        refused(
            await server.client_credentials(key, POSTING, client_secret="wrong"),
            "invalid_client",
            status=401,
        )

    @pytest.mark.rfc("9449", "8")
    @pytest.mark.parametrize("policy", ["off", "auto"])
    async def test_a_clients_own_policy_goes_before_the_servers(
        self, server: Server, key: DpopKey, policy: str
    ) -> None:
        client = await server.change(WEB, dpop_nonce=policy)
        response = await server.client_credentials(key, client)
        issued(response)
        assert "dpop-nonce" not in response.headers

    @pytest.mark.rfc("9449", "8")
    async def test_only_a_challenge_carries_a_nonce_among_the_errors(
        self, server: Server, key: DpopKey
    ) -> None:
        nonce = challenged(await server.client_credentials(key))
        code = await server.code()
        fresh = server.proof(key, nonce=nonce)
        refused(
            await server.redeem(code, None, proof=fresh, code_verifier="w" * 43), "invalid_grant"
        )
        proof_refused(await server.redeem(code, None, proof=fresh), "replay")

    @pytest.mark.rfc("9449", "8.2")
    async def test_a_success_carries_the_current_nonce(self, server: Server, key: DpopKey) -> None:
        nonce = challenged(await server.client_credentials(key))
        response = await server.client_credentials(None, proof=server.proof(key, nonce=nonce))
        assert issued(response)
        assert response.headers.get_list("dpop-nonce") == [nonce]

    @pytest.mark.rfc("9449", "8.2")
    async def test_a_success_with_the_previous_nonce_carries_the_new_one(
        self, server: Server, key: DpopKey
    ) -> None:
        nonce = challenged(await server.client_credentials(key))
        server.clock.advance(MINUTE)
        response = await server.client_credentials(None, proof=server.proof(key, nonce=nonce))
        issued(response)
        (new,) = response.headers.get_list("dpop-nonce")
        assert new != nonce
        server.clock.advance(MINUTE)
        proof = server.proof(key, nonce=new)
        issued(await server.client_credentials(None, proof=proof))


class TestSection8Auto:
    """The default policy: only a proof that its time does not show to be fresh needs a nonce."""

    @pytest.mark.rfc("9449", "8")
    async def test_a_fresh_proof_needs_no_nonce_and_earns_none(
        self, server: Server, key: DpopKey
    ) -> None:
        response = await server.redeem(await server.code(), key)
        issued(response)
        assert "dpop-nonce" not in response.headers

    @pytest.mark.rfc("9449", "8")
    @pytest.mark.parametrize("seconds", [-86_400, -61, 11, 86_400])
    async def test_a_wrong_clock_heals_with_one_retry(
        self, server: Server, key: DpopKey, seconds: float
    ) -> None:
        code, iat = await server.code(), server.clock.now() + seconds
        refusal = await server.redeem(code, None, proof=server.proof(key, iat=iat))
        proof = server.proof(key, iat=iat, nonce=challenged(refusal, "iat"))
        response = await server.redeem(code, None, proof=proof)
        issued(response)
        assert len(response.headers.get_list("dpop-nonce")) == 1

    @pytest.mark.rfc("9449", "8")
    @pytest.mark.parametrize("seconds", [-60, 10])
    async def test_the_edge_of_the_window_is_in_it(
        self, server: Server, key: DpopKey, seconds: float
    ) -> None:
        proof = server.proof(key, iat=server.clock.now() + seconds)
        issued(await server.redeem(await server.code(), None, proof=proof))

    @pytest.mark.rfc("9449", "8")
    async def test_a_nonce_the_server_never_gave_is_challenged(
        self, server: Server, key: DpopKey
    ) -> None:
        proof = server.proof(key, nonce="another server's")
        details = (await server.client_credentials(None, proof=proof)).json()["dpop"]
        assert (details["check"], details["received"]) == ("nonce", "another server's")

    @pytest.mark.rfc("9449", "8")
    async def test_a_client_may_be_registered_to_need_a_nonce(
        self, server: Server, key: DpopKey
    ) -> None:
        client = await server.change(WEB, dpop_nonce="required")
        challenged(await server.client_credentials(key, client))
        issued(await server.client_credentials(key, POSTING))


async def given_a_nonce(server: Server, key: DpopKey, client: Any = WEB) -> str:
    """Have the server challenge the client under ``auto``, for the wrong clock of its proof."""
    proof = server.proof(key, iat=server.clock.now() - 3600)
    return challenged(await server.client_credentials(None, client, proof=proof), "iat")


class TestSection113NonceDowngrade:
    @pytest.mark.rfc("9449", "11.3")
    async def test_who_was_given_a_nonce_must_keep_sending_one(
        self, server: Server, key: DpopKey
    ) -> None:
        nonce = await given_a_nonce(server, key)
        assert challenged(await server.client_credentials(key)) == nonce
        proof = server.proof(key, nonce=nonce)
        issued(await server.client_credentials(None, proof=proof))

    @pytest.mark.rfc("9449", "11.3")
    async def test_a_success_with_a_nonce_renews_the_duty(
        self, server: Server, key: DpopKey
    ) -> None:
        nonce = await given_a_nonce(server, key)
        issued(await server.client_credentials(None, proof=server.proof(key, nonce=nonce)))
        server.clock.advance(10 * MINUTE)
        challenged(await server.client_credentials(key))

    @pytest.mark.rfc("9449", "11.3")
    async def test_the_duty_is_of_one_client_and_one_key(
        self, server: Server, key: DpopKey, other_key: DpopKey
    ) -> None:
        await given_a_nonce(server, key)
        issued(await server.client_credentials(other_key))
        issued(await server.client_credentials(key, POSTING))

    @pytest.mark.rfc("9449", "11.3")
    async def test_no_duty_comes_from_a_request_that_did_not_authenticate(
        self, server: Server, key: DpopKey
    ) -> None:
        proof = server.proof(key, iat=server.clock.now() - 3600)
        wrong = await server.client_credentials(None, POSTING, proof=proof, client_secret="wrong")
        refused(wrong, "invalid_client", status=401)
        issued(await server.client_credentials(key, POSTING))


class TestSection8Off:
    @pytest.fixture
    async def server(self, start: Start) -> Server:
        return await start(dpop_nonce="off")

    @pytest.mark.rfc("9449", "8")
    @pytest.mark.parametrize("seconds", [-61, 11])
    async def test_a_wrong_clock_is_told_both_times_and_given_no_nonce(
        self, server: Server, key: DpopKey, seconds: float
    ) -> None:
        code, iat = await server.code(), server.clock.now() + seconds
        response = await server.redeem(code, None, proof=server.proof(key, iat=iat))
        details = proof_refused(response, "iat")
        assert details["received"].startswith(str(int(iat)))
        assert details["server_time"] == server.clock.now()
        issued(await server.redeem(code, key))

    @pytest.mark.rfc("9449", "8")
    async def test_the_nonce_claim_is_ignored(self, server: Server, key: DpopKey) -> None:
        proof = server.proof(key, nonce="whatever")
        response = await server.client_credentials(None, proof=proof)
        issued(response)
        assert "dpop-nonce" not in response.headers


class TestSection10CodeBinding:
    @pytest.mark.rfc("9449", "10")
    async def test_a_code_bound_by_dpop_jkt_is_redeemed_with_that_key(
        self, server: Server, key: DpopKey
    ) -> None:
        issued(await server.redeem(await server.code(dpop_jkt=key.jkt), key))

    @pytest.mark.rfc("9449", "10")
    async def test_a_code_bound_by_dpop_jkt_is_refused_to_another_key_and_stays_good(
        self, server: Server, key: DpopKey, other_key: DpopKey
    ) -> None:
        code = await server.code(dpop_jkt=key.jkt)
        details = proof_refused(
            await server.redeem(code, other_key), "binding", error="invalid_grant"
        )
        assert (details["expected"], details["received"]) == (key.jkt, other_key.jkt)
        issued(await server.redeem(code, key))

    @pytest.mark.rfc("9449", "10")
    async def test_a_confidential_clients_code_is_bound_as_well(
        self, server: Server, key: DpopKey, other_key: DpopKey
    ) -> None:
        code = await server.code(WEB, dpop_jkt=key.jkt)
        refusal = await server.redeem(code, other_key, WEB)
        proof_refused(refusal, "binding", error="invalid_grant")

    @pytest.mark.rfc("9449", "10")
    async def test_a_code_without_dpop_jkt_takes_any_key(
        self, server: Server, other_key: DpopKey
    ) -> None:
        issued(await server.redeem(await server.code(), other_key))


class TestSection111Replay:
    @pytest.mark.rfc("9449", "11.1")
    async def test_a_proof_is_good_once(self, server: Server, key: DpopKey) -> None:
        proof = server.proof(key, jti="the same")
        issued(await server.client_credentials(None, proof=proof))
        details = proof_refused(await server.client_credentials(None, proof=proof), "replay")
        assert details["received"] == "the same"

    @pytest.mark.rfc("9449", "11.1")
    async def test_a_proof_is_good_once_for_all_clients_together(
        self, server: Server, key: DpopKey
    ) -> None:
        proof = server.proof(key)
        issued(await server.client_credentials(None, WEB, proof=proof))
        proof_refused(await server.client_credentials(None, POSTING, proof=proof), "replay")

    @pytest.mark.rfc("9449", "11.1")
    async def test_a_new_signature_over_a_used_jti_is_a_replay(
        self, server: Server, key: DpopKey
    ) -> None:
        first, second = (server.proof(key, jti="the same", extra=n) for n in (1, 2))
        issued(await server.client_credentials(None, proof=first))
        proof_refused(await server.client_credentials(None, proof=second), "replay")

    @pytest.mark.rfc("9449", "11.1")
    async def test_another_spelling_of_htu_is_a_replay(self, server: Server, key: DpopKey) -> None:
        spellings = (server.token_endpoint, server.token_endpoint.upper().replace("TOKEN", "token"))
        first, second = (server.proof(key, jti="the same", htu=htu) for htu in spellings)
        issued(await server.client_credentials(None, proof=first))
        proof_refused(await server.client_credentials(None, proof=second), "replay")

    @pytest.mark.rfc("9449", "11.1")
    async def test_two_keys_may_use_the_same_jti(
        self, server: Server, key: DpopKey, other_key: DpopKey
    ) -> None:
        for each in (key, other_key):
            proof = server.proof(each, jti="the same")
            issued(await server.client_credentials(None, proof=proof))

    @pytest.mark.rfc("9449", "11.1")
    async def test_a_request_that_is_refused_later_has_spent_its_proof(
        self, server: Server, key: DpopKey
    ) -> None:
        code, proof = await server.code(), server.proof(key)
        wrong = await server.redeem(code, None, proof=proof, code_verifier="w" * 43)
        refused(wrong, "invalid_grant")
        proof_refused(await server.redeem(code, None, proof=proof), "replay")
        issued(await server.redeem(code, key))

    @pytest.mark.rfc("9449", "11.1")
    async def test_a_request_that_did_not_authenticate_has_not_spent_its_proof(
        self, server: Server, key: DpopKey
    ) -> None:
        proof = server.proof(key)
        wrong = await server.client_credentials(None, POSTING, proof=proof, client_secret="wrong")
        refused(wrong, "invalid_client", status=401)
        issued(await server.client_credentials(None, POSTING, proof=proof))

    @pytest.mark.rfc("9449", "11.1")
    async def test_a_replay_spends_no_assertion(self, server: Server, key: DpopKey) -> None:
        proof, fields = server.proof(key), asserted(CLIENT_KEY.assertion(SIGNING.client_id))
        issued(await server.client_credentials(None, WEB, proof=proof))
        refusal = await server.client_credentials(None, SIGNING, proof=proof, **fields)
        proof_refused(refusal, "replay")
        issued(await server.client_credentials(key, SIGNING, **fields))

    @pytest.mark.rfc("9449", "11.1")
    async def test_a_proof_is_remembered_for_as_long_as_it_would_be_taken(
        self, start: Start, key: DpopKey
    ) -> None:
        server = await start(dpop_nonce="off")
        proof = server.proof(key, iat=server.clock.now() + 10)
        issued(await server.client_credentials(None, proof=proof))
        for seconds in (69, 1):
            server.clock.advance(seconds)
            proof_refused(await server.client_credentials(None, proof=proof), "replay")
        server.clock.advance(1)
        proof_refused(await server.client_credentials(None, proof=proof), "iat")

    @pytest.mark.rfc("9449", "11.1")
    async def test_a_proof_with_a_nonce_is_remembered_for_as_long_as_the_nonce_is_good(
        self, start: Start, key: DpopKey
    ) -> None:
        server = await start(dpop_nonce="required")
        nonce = challenged(await server.client_credentials(key))
        old = server.clock.now() - 3600
        proof = server.proof(key, iat=old, nonce=nonce)
        issued(await server.client_credentials(None, proof=proof))
        for seconds in (60, 59):
            server.clock.advance(seconds)
            proof_refused(await server.client_credentials(None, proof=proof), "replay")
        server.clock.advance(1)
        challenged(await server.client_credentials(None, proof=proof))


class TestSection111Epoch:
    """A memory of proofs that was lost must not take one of them again."""

    @pytest.mark.rfc("9449", "11.1")
    async def test_a_proof_used_before_a_restart_is_not_taken_after_it(
        self, template: Path, tmp_path: Path, key: DpopKey
    ) -> None:
        data = tmp_path / "data"
        async with running(data, template=template, dpop_nonce="off") as before:
            proof = before.proof(key)
            issued(await before.client_credentials(None, proof=proof))
        async with running(data, template=None, clock=before.clock, dpop_nonce="off") as after:
            details = proof_refused(await after.client_credentials(None, proof=proof), "replay")
            assert details["expected"] == f"an iat from {int(after.clock.now()) + 10} on"

    @pytest.mark.rfc("9449", "11.1")
    @pytest.mark.parametrize("policy", ["auto", "required"])
    async def test_after_a_restart_a_nonce_shows_that_a_proof_is_new(
        self, template: Path, tmp_path: Path, key: DpopKey, policy: str
    ) -> None:
        data = tmp_path / "data"
        async with running(data, template=template, dpop_nonce=policy) as before:
            pass
        async with running(data, template=None, clock=before.clock, dpop_nonce=policy) as after:
            code = await after.code()
            check = "replay" if policy == "auto" else "nonce"
            nonce = challenged(await after.redeem(code, key), check)
            issued(await after.redeem(code, None, proof=after.proof(key, nonce=nonce)))

    @pytest.mark.rfc("9449", "11.1")
    @pytest.mark.parametrize(("dated", "is_taken"), [(9, False), (10, True)])
    async def test_after_a_restart_a_proof_dated_past_the_last_one_before_it_is_taken(
        self, template: Path, tmp_path: Path, key: DpopKey, dated: int, *, is_taken: bool
    ) -> None:
        data = tmp_path / "data"
        async with running(data, template=template, dpop_nonce="off") as before:
            pass
        async with running(data, template=None, clock=before.clock, dpop_nonce="off") as after:
            proof = after.proof(key, iat=after.clock.now() + dated)
            response = await after.client_credentials(None, proof=proof)
            assert (response.status_code == 200) is is_taken

    @pytest.mark.rfc("9449", "11.1")
    async def test_a_restart_voids_the_nonces(
        self, template: Path, tmp_path: Path, key: DpopKey
    ) -> None:
        data = tmp_path / "data"
        async with running(data, template=template, dpop_nonce="required") as before:
            old = challenged(await before.client_credentials(key))
        async with running(data, template=None, clock=before.clock, dpop_nonce="required") as after:
            proof = after.proof(key, nonce=old)
            assert challenged(await after.client_credentials(None, proof=proof)) != old

    @pytest.mark.rfc("9449", "11.1")
    async def test_the_first_start_of_all_asks_for_nothing(
        self, server: Server, key: DpopKey
    ) -> None:
        proof = server.proof(key, iat=server.clock.now() - MINUTE)
        issued(await server.client_credentials(None, proof=proof))

    @pytest.mark.rfc("9449", "11.1")
    async def test_refresh_tokens_live_through_a_restart(
        self, template: Path, tmp_path: Path, key: DpopKey
    ) -> None:
        data = tmp_path / "data"
        async with running(data, template=template) as before:
            token = (await before.tokens(key))["refresh_token"]
        before.clock.advance(11)
        async with running(data, template=None, clock=before.clock) as after:
            nonce = challenged(await after.refresh(token, key), "replay")
            issued(await after.refresh(token, None, proof=after.proof(key, nonce=nonce)))


class TestAudit:
    @pytest.mark.rfc("9449", "5")
    async def test_a_replayed_proof_is_in_the_audit_log(self, server: Server, key: DpopKey) -> None:
        proof = server.proof(key)
        await server.client_credentials(None, proof=proof)
        await server.client_credentials(None, proof=proof)
        event = (await server.audit())[-1]
        assert (event.kind, event.check) == (EventKind.REQUEST_REFUSED, "replay")
        assert (event.client_id, event.details["error"]) == (WEB.client_id, "invalid_dpop_proof")

    @pytest.mark.rfc("9449", "5")
    async def test_a_malformed_proof_is_in_the_audit_log_with_the_client_it_claims(
        self, server: Server, key: DpopKey
    ) -> None:
        await server.redeem("a code", None, proof=server.proof(key, htm="GET"))
        event = (await server.audit())[-1]
        assert (event.kind, event.check) == (EventKind.REQUEST_REFUSED, "htm")
        assert (event.client_id, event.jkt) == (SPA.client_id, None)
