"""HOLDFAST_PROFILE=fapi2: the FAPI 2.0 Security Profile (final), rule by rule, over HTTP."""

import dataclasses
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from app.oauth.client import ApplicationType, AuthMethod, Client, GrantType
from app.settings import SettingsError, load_settings
from tests.answers import challenged, issued, proof_refused, refused
from tests.builders import ISSUER, NOW, DpopKey
from tests.conftest import Start
from tests.harness import (
    CLIENT_KEY,
    FORM,
    POSTING,
    REDIRECT_URI,
    SIGNING,
    SPA,
    VERIFIER,
    WEB,
    Server,
    asserted,
    credentials,
    given,
)
from tests.person import ADA, REQUEST, Person, answer_of
from tests.unit.oauth.token_server import AssertionKey

PAR = ISSUER + "/par"
RSA = AssertionKey("RS256")
FAPI_ALGS = {"PS256", "ES256", "EdDSA", "Ed25519"}


@pytest.fixture
async def server(start: Start) -> Server:
    return await start(profile="fapi2")


@pytest.fixture
async def person(server: Server) -> Person:
    await server.add(ADA)
    return Person(server.http)


def assertion(client: Client = SIGNING, **claims: Any) -> dict[str, str]:
    return asserted(CLIENT_KEY.assertion(client.client_id, **claims))


async def push(
    server: Server, client: Client = SIGNING, proof: str | None = None, /, **changes: str | None
) -> httpx.Response:
    """Push a request that is valid but for the changes."""
    fields, headers = credentials(client, issuer=ISSUER, now=server.clock.now())
    if proof is not None:
        headers = [*headers, ("DPoP", proof)]
    asked = {**REQUEST, "client_id": client.client_id, **fields, **changes}
    return await server.http.post(
        "/par", content=urlencode(given(asked)), headers=[("Content-Type", FORM), *headers]
    )


async def code_of(
    server: Server, person: Person, proof: str | None = None, /, **changes: str | None
) -> tuple[httpx.Response, dict[str, str]]:
    """Take a pushed request through the browser; return its last redirect and its answer."""
    pushed = await push(server, SIGNING, proof, **changes)
    assert pushed.status_code == 201, pushed.text
    query = {"client_id": SIGNING.client_id, "request_uri": pushed.json()["request_uri"]}
    page = await person.follow(await person.open(f"/authorize?{urlencode(query)}"))
    response = await person.follow(await person.sign_in(page))
    if response.headers.get("location", "").startswith("/consent"):
        response = await person.follow(response)
    last = await person.decide(response)
    return last, answer_of(last)


async def metadata(server: Server) -> dict[str, Any]:
    document = await server.http.get("/.well-known/oauth-authorization-server")
    members: dict[str, Any] = document.json()
    return members


def refuses_to_start(**settings: Any) -> str:
    with pytest.raises(SettingsError) as refusal:
        load_settings(profile="fapi2", **settings)
    line = str(refusal.value)
    assert "\n" not in line
    assert "FAPI 2.0 Security Profile" in line
    return line


@pytest.mark.rfc("FAPI2", "5.2")
class TestSection52NetworkLayer:
    def test_an_http_issuer_is_taken_on_loopback_only(self) -> None:
        with pytest.raises(SettingsError, match="must be https"):
            load_settings(profile="fapi2", issuer="http://login.example")
        assert load_settings(profile="fapi2", issuer="https://login.example").is_secure

    async def test_pages_tell_browsers_to_stay_with_https(self, start: Start) -> None:
        server = await start(profile="fapi2", issuer="https://login.example")
        page = await server.http.get("/login")
        assert "max-age=31536000" in page.headers["strict-transport-security"]

    async def test_the_authorization_endpoint_has_no_cors(self, server: Server) -> None:
        asked = {"Origin": "https://client.example", "Access-Control-Request-Method": "GET"}
        answer = await server.http.options("/authorize", headers=asked)
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.rfc("FAPI2", "5.3.2.1")
class TestSection5321General:
    async def test_1_the_metadata_says_what_the_profile_leaves(self, server: Server) -> None:
        members = await metadata(server)
        assert members["issuer"] == ISSUER
        assert members["require_pushed_authorization_requests"] is True
        for name, value in members.items():
            if name.endswith("_auth_methods_supported"):
                assert value == ["private_key_jwt"], name
        algs = "dpop_signing_alg_values_supported", "request_object_signing_alg_values_supported"
        for name in (*algs, "token_endpoint_auth_signing_alg_values_supported"):
            assert set(members[name]) == FAPI_ALGS, name

    async def test_2_the_password_grant_is_refused(self, server: Server, key: DpopKey) -> None:
        answer = await server.token(
            key, SIGNING, grant_type="password", username=ADA.email, password="secret"
        )
        refused(answer, "unsupported_grant_type")

    @pytest.mark.parametrize("client", [SPA, WEB, POSTING], ids=lambda client: client.client_id)
    async def test_3_and_6_a_client_without_private_key_jwt_is_refused(
        self, server: Server, key: DpopKey, client: Client
    ) -> None:
        answer = await server.redeem(await server.code(client), key, client)
        description = refused(answer, "invalid_client", status=401)
        assert "private_key_jwt" in description
        assert "FAPI 2.0" in description
        pushed = await push(server, client)
        assert "private_key_jwt" in refused(pushed, "invalid_client", status=401)

    async def test_3_a_client_that_authenticates_is_served(
        self, server: Server, key: DpopKey
    ) -> None:
        issued(await server.redeem(await server.code(SIGNING), key, SIGNING))

    async def test_4_a_token_is_bound_to_a_key_whatever_the_client_is_registered_for(
        self, server: Server, key: DpopKey
    ) -> None:
        proof_refused(await server.client_credentials(None, SIGNING), "header.present")
        client = await server.change(SIGNING, dpop_bound_access_tokens=False)
        description = refused(await server.client_credentials(key, client), "unauthorized_client")
        assert "dpop_bound_access_tokens" in description

    def test_4_a_deployment_with_bearer_tokens_does_not_start(self) -> None:
        assert "HOLDFAST_ALLOW_BEARER" in refuses_to_start(allow_bearer=True)

    @pytest.mark.parametrize("audience", [ISSUER + "/token", PAR, [ISSUER], [ISSUER, PAR]])
    async def test_8_the_audience_of_an_assertion_is_the_issuer_as_one_string(
        self, server: Server, key: DpopKey, audience: Any
    ) -> None:
        claims: dict[str, Any] = {"aud": audience}
        answer = await server.client_credentials(key, SIGNING, **assertion(**claims))
        assert ISSUER in refused(answer, "invalid_client", status=401)
        pushed = await push(server, SIGNING, **assertion(**claims))
        assert ISSUER in refused(pushed, "invalid_client", status=401)

    async def test_8_without_the_profile_par_takes_its_own_url_and_the_token_endpoint_s(
        self, start: Start
    ) -> None:
        plain = await start()
        for audience in (PAR, ISSUER + "/token"):
            assert (await push(plain, SIGNING, **assertion(aud=audience))).status_code == 201

    @pytest.mark.parametrize("registered", [True, False])
    async def test_9_refresh_tokens_are_not_rotated(
        self, server: Server, key: DpopKey, *, registered: bool
    ) -> None:
        client = await server.change(SIGNING, rotate_refresh_tokens=registered)
        first = (await server.tokens(key, client))["refresh_token"]
        for _ in range(2):
            answer = issued(await server.refresh(first, key, client))
            assert answer["refresh_token"] == first

    async def test_10_the_server_may_hand_out_nonces(self, start: Start, key: DpopKey) -> None:
        server = await start(profile="fapi2", dpop_nonce="required")
        nonce = challenged(await server.client_credentials(key, SIGNING))
        proof = server.proof(key, nonce=nonce)
        issued(await server.client_credentials(key, SIGNING, proof=proof))

    async def test_11_a_code_lives_for_60_seconds(self, server: Server, key: DpopKey) -> None:
        code = await server.code(SIGNING)
        server.clock.advance(60)
        refused(await server.redeem(code, key, SIGNING), "invalid_grant")

    def test_11_a_deployment_with_longer_lived_codes_does_not_start(self) -> None:
        line = refuses_to_start(code_lifetime=61)
        assert "HOLDFAST_CODE_LIFETIME" in line
        assert "60 seconds" in line
        assert load_settings(profile="fapi2", code_lifetime=30).code_lifetime == 30

    async def test_12_a_proof_at_par_binds_the_code_to_its_key(
        self, server: Server, person: Person, key: DpopKey, other_key: DpopKey
    ) -> None:
        _, answer = await code_of(server, person, server.proof(key, htu=PAR))
        stolen = await server.redeem(answer["code"], other_key, SIGNING)
        proof_refused(stolen, "binding", error="invalid_grant")
        issued(await server.redeem(answer["code"], key, SIGNING))

    async def test_12_dpop_jkt_binds_the_code_to_the_key(
        self, server: Server, person: Person, key: DpopKey, other_key: DpopKey
    ) -> None:
        _, answer = await code_of(server, person, dpop_jkt=key.jkt)
        stolen = await server.redeem(answer["code"], other_key, SIGNING)
        proof_refused(stolen, "binding", error="invalid_grant")
        issued(await server.redeem(answer["code"], key, SIGNING))

    @pytest.mark.parametrize("ahead", [0, 10])
    async def test_13_a_jwt_dated_up_to_ten_seconds_ahead_is_taken(
        self, server: Server, key: DpopKey, ahead: int
    ) -> None:
        fields = assertion(iat=NOW + ahead, nbf=NOW + ahead)
        proof = server.proof(key, iat=NOW + ahead)
        issued(await server.client_credentials(key, SIGNING, proof=proof, **fields))

    @pytest.mark.parametrize("claim", ["iat", "nbf"])
    async def test_13_an_assertion_dated_more_than_sixty_seconds_ahead_is_refused(
        self, server: Server, key: DpopKey, claim: str
    ) -> None:
        claims: dict[str, Any] = {claim: NOW + 61}
        answer = await server.client_credentials(key, SIGNING, **assertion(**claims))
        assert claim in refused(answer, "invalid_client", status=401)

    async def test_13_not_even_a_nonce_makes_up_for_more_than_sixty_seconds(
        self, start: Start, key: DpopKey
    ) -> None:
        server = await start(profile="fapi2", dpop_nonce="required")
        nonce = challenged(await server.client_credentials(key, SIGNING))
        late = server.proof(key, iat=NOW + 61, nonce=nonce)
        proof_refused(await server.client_credentials(key, SIGNING, proof=late), "iat")
        just = server.proof(key, iat=NOW + 60, nonce=nonce)
        issued(await server.client_credentials(key, SIGNING, proof=just))

    async def test_13_without_the_profile_a_nonce_makes_up_for_any_clock(
        self, start: Start, key: DpopKey
    ) -> None:
        server = await start(dpop_nonce="required")
        nonce = challenged(await server.client_credentials(key, SIGNING))
        proof = server.proof(key, iat=NOW + 3600, nonce=nonce)
        issued(await server.client_credentials(key, SIGNING, proof=proof))


@pytest.mark.rfc("FAPI2", "5.3.2.2")
class TestSection5322AuthorizationEndpointFlows:
    async def test_1_the_response_type_is_code(self, server: Server) -> None:
        refused(await push(server, response_type="token"), "unsupported_response_type")

    async def test_2_a_client_that_authenticates_may_push(self, server: Server) -> None:
        assert (await push(server)).status_code == 201

    async def test_3_a_request_that_was_not_pushed_is_refused(self, person: Person) -> None:
        answer = answer_of(await person.authorize(client_id=SIGNING.client_id))
        assert answer["error"] == "invalid_request"
        assert "/par" in answer["error_description"]

    def test_3_a_deployment_that_takes_others_does_not_start(self) -> None:
        assert "HOLDFAST_REQUIRE_PAR" in refuses_to_start(require_par=False)

    async def test_4_a_request_pushed_without_client_authentication_is_refused(
        self, server: Server
    ) -> None:
        answer = await push(server, SPA, client_id=SIGNING.client_id)
        refused(answer, "invalid_client", status=401)

    @pytest.mark.parametrize(
        "changes", [{"code_challenge": None}, {"code_challenge_method": "plain"}]
    )
    async def test_5_pkce_with_s256_is_required(
        self, server: Server, changes: dict[str, str | None]
    ) -> None:
        refused(await push(server, **changes), "invalid_request")

    async def test_6_redirect_uri_is_required_even_of_a_client_with_only_one(
        self, server: Server, start: Start
    ) -> None:
        description = refused(await push(server, redirect_uri=None), "invalid_request")
        assert "redirect_uri" in description
        assert (await push(await start(), redirect_uri=None)).status_code == 201

    async def test_7_the_answer_carries_iss(self, server: Server, person: Person) -> None:
        _, answer = await code_of(server, person)
        assert answer["iss"] == ISSUER

    @pytest.mark.parametrize(
        ("uri", "kind"),
        [
            ("http://127.0.0.1/callback", ApplicationType.WEB),
            ("http://localhost/callback", ApplicationType.NATIVE),
        ],
    )
    async def test_8_an_unencrypted_redirect_uri_is_not_used(
        self, server: Server, person: Person, uri: str, kind: ApplicationType
    ) -> None:
        await server.change(SIGNING, redirect_uris=(uri,), application_type=kind)
        description = refused(await push(server, redirect_uri=uri), "unauthorized_client")
        assert "redirect_uris" in description
        page = await person.authorize(client_id=SIGNING.client_id, redirect_uri=uri)
        assert page.status_code == 400
        assert "location" not in page.headers
        assert "redirect_uris" in page.text

    @pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
    async def test_8_a_native_client_may_have_its_answer_on_loopback(
        self, server: Server, host: str
    ) -> None:
        uri = f"http://{host}/callback"
        await server.change(SIGNING, redirect_uris=(uri,), application_type=ApplicationType.NATIVE)
        pushed = await push(server, redirect_uri=f"http://{host}:50001/callback")
        assert pushed.status_code == 201

    async def test_9_a_used_code_is_refused(self, server: Server, key: DpopKey) -> None:
        code = await server.code(SIGNING)
        issued(await server.redeem(code, key, SIGNING))
        refused(await server.redeem(code, key, SIGNING), "invalid_grant")

    async def test_10_and_11_the_browser_is_redirected_with_303(
        self, server: Server, person: Person
    ) -> None:
        last, _ = await code_of(server, person)
        assert last.status_code == 303

    async def test_12_a_request_uri_lives_for_less_than_600_seconds(self, server: Server) -> None:
        assert (await push(server)).json()["expires_in"] < 600

    def test_12_a_deployment_where_it_lives_for_600_seconds_does_not_start(self) -> None:
        assert "HOLDFAST_PAR_LIFETIME" in refuses_to_start(par_lifetime=600)
        assert load_settings(profile="fapi2", par_lifetime=599).par_lifetime == 599


@pytest.mark.rfc("FAPI2", "5.4.1")
class TestSection541Algorithms:
    @pytest.mark.parametrize("alg", ["ES384", "ES512", "PS384", "PS512", "RS256"])
    async def test_a_proof_by_another_algorithm_is_refused(self, server: Server, alg: str) -> None:
        details = proof_refused(await server.client_credentials(DpopKey(alg), SIGNING), "alg")
        assert details["received"] == alg

    @pytest.mark.parametrize("alg", ["PS256", "ES256", "EdDSA", "Ed25519"])
    async def test_a_proof_by_an_algorithm_of_the_profile_is_taken(
        self, server: Server, alg: str
    ) -> None:
        issued(await server.client_credentials(DpopKey(alg), SIGNING))

    async def test_an_assertion_by_another_algorithm_is_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        client = await server.change(SIGNING, jwks={"keys": [RSA.public_jwk]})
        fields = asserted(RSA.assertion(client.client_id))
        answer = await server.client_credentials(key, client, **fields)
        assert "RS256" in refused(answer, "invalid_client", status=401)

    async def test_a_request_object_by_another_algorithm_is_refused(self, server: Server) -> None:
        await server.change(SIGNING, request_object_signing_alg="RS256")
        description = refused(await push(server), "unauthorized_client")
        assert "request_object_signing_alg" in description

    def test_a_deployment_with_other_proof_algorithms_does_not_start(self) -> None:
        line = refuses_to_start(dpop_algs="ES256,RS256")
        assert "HOLDFAST_DPOP_ALGS" in line
        assert load_settings(profile="fapi2", dpop_algs="ES256").dpop_algs == ("ES256",)

    async def test_access_tokens_are_signed_by_an_algorithm_of_the_profile(
        self, server: Server
    ) -> None:
        assert server.parts.keyring.active().alg in FAPI_ALGS

    @pytest.mark.rfc("FAPI2", "5.4.2")
    async def test_every_published_key_has_a_kid_of_its_own(self, server: Server) -> None:
        keys = (await server.http.get("/jwks")).json()["keys"]
        assert len({each["kid"] for each in keys}) == len(keys)
        assert not any({"x5u", "jku"} & each.keys() for each in keys)


async def test_the_whole_flow_of_the_profile_ends_with_a_bound_token(
    server: Server, person: Person, key: DpopKey
) -> None:
    _, answer = await code_of(server, person, server.proof(key, htu=PAR))
    first = issued(
        await server.token(
            key,
            SIGNING,
            grant_type=GrantType.AUTHORIZATION_CODE,
            code=answer["code"],
            redirect_uri=REDIRECT_URI,
            code_verifier=VERIFIER,
        )
    )
    issued(await server.refresh(first["refresh_token"], key, SIGNING))


async def test_a_client_that_breaks_the_profile_is_told_only_once_it_authenticated(
    server: Server, key: DpopKey
) -> None:
    client = dataclasses.replace(SIGNING, redirect_uris=("http://127.0.0.1/callback",))
    await server.add(client)
    stranger = asserted(AssertionKey().assertion(client.client_id))
    answer = await server.client_credentials(key, client, **stranger)
    assert "redirect_uris" not in refused(answer, "invalid_client", status=401)
    assert client.auth_method is AuthMethod.PRIVATE_KEY_JWT
