"""RFC 7591: clients register themselves."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from app.credentials import digest
from app.oauth.client import ApplicationType, AuthMethod, Client
from app.telemetry.audit import EventKind
from tests.answers import issued, refused
from tests.builders import ISSUER, NOW, DpopKey
from tests.conftest import Start
from tests.flows.test_fail_closed import gone, unavailable
from tests.harness import CLIENT_KEY, REDIRECT_URI, VERIFIER, Server, credentials
from tests.registration import (
    MADE,
    METADATA,
    created,
    initial_token,
    open_server,
    post,
    registered,
    token_server,
    unauthorized,
)
from tests.unit.oauth.token_server import AssertionKey

VOUCHING = "https://vouches.example"
VOUCHER = AssertionKey("RS256")


@pytest.fixture
async def server(start: Start) -> Server:
    return await open_server(start)


@pytest.fixture
async def vouching(start: Start, tmp_path: Path) -> Server:
    """Return a server that trusts the voucher to vouch for software."""
    issuers = tmp_path / "issuers.json"
    issuers.write_text(json.dumps({VOUCHING: {"keys": [VOUCHER.public_jwk]}}))
    return await open_server(start, software_statement_issuers=issuers)


def statement(by: DpopKey, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """Sign a software statement that is valid but for the claims."""
    payload = {"iss": VOUCHING, "iat": int(NOW), "client_name": "Vouched for", **claims}
    return by.sign(header or {"alg": by.alg}, payload)


async def stored(server: Server, members: dict[str, Any]) -> Client:
    client = await server.parts.database.clients.find(members["client_id"])
    assert client is not None
    return client


async def rejected(server: Server, **changes: Any) -> str:
    """Assert that nothing is registered from valid metadata but for the changes."""
    before = server.rows()
    description = refused(await post(server, **changes), "invalid_client_metadata")
    assert server.rows() == before
    return description


class TestSection2ClientMetadata:
    @pytest.mark.rfc("7591", "2")
    async def test_the_defaults_are_the_rfcs_but_for_tokens_that_are_bound_to_a_key(
        self, server: Server
    ) -> None:
        members = created(await post(server))
        assert {name: each for name, each in members.items() if name not in MADE} == {
            "client_name": "Notes",
            "token_endpoint_auth_method": "client_secret_basic",
            "application_type": "web",
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
            "redirect_uris": [REDIRECT_URI],
            "scope": "read write",
            "dpop_bound_access_tokens": True,
            "require_pushed_authorization_requests": False,
            "require_signed_request_object": False,
        }

    @pytest.mark.rfc("7591", "2")
    async def test_every_member_is_stored_as_it_is_answered(self, server: Server) -> None:
        members = created(
            await post(
                server,
                token_endpoint_auth_method="private_key_jwt",
                token_endpoint_auth_signing_alg="ES256",
                jwks={"keys": [CLIENT_KEY.public_jwk]},
                request_object_signing_alg="ES256",
                require_signed_request_object=True,
                require_pushed_authorization_requests=True,
                grant_types=["authorization_code", "refresh_token"],
                scope="read",
                software_id="4NRB1-0XZABZI9E6-5SM3R",
                software_version="2.1",
                contacts=["ops@client.example"],
                tos_uri="https://client.example/tos",
            )
        )
        client = await stored(server, members)
        assert client.auth_method is AuthMethod.PRIVATE_KEY_JWT
        assert client.token_endpoint_auth_signing_alg == "ES256"
        assert client.jwks == members["jwks"] == {"keys": [CLIENT_KEY.public_jwk]}
        assert client.request_object_signing_alg == members["request_object_signing_alg"] == "ES256"
        assert client.require_signed_request_object is True
        assert client.require_pushed_authorization_requests is True
        assert client.grant_types == set(members["grant_types"])
        assert client.scopes == {"read"}
        assert client.metadata["contacts"] == members["contacts"] == ["ops@client.example"]
        assert members["software_id"] == "4NRB1-0XZABZI9E6-5SM3R"
        assert "client_secret" not in members

    @pytest.mark.rfc("7591", "2")
    async def test_members_that_nobody_knows_are_ignored(self, server: Server) -> None:
        members = created(
            await post(server, subject_type="pairwise", disabled=True, client_id="admin")
        )
        assert not members.keys() & {"subject_type", "disabled"}
        assert members["client_id"] != "admin"
        assert not (await stored(server, members)).disabled

    @pytest.mark.rfc("7591", "2")
    async def test_null_is_as_good_as_left_out(self, server: Server) -> None:
        members = created(await post(server, jwks=None, token_endpoint_auth_method=None))
        assert members["token_endpoint_auth_method"] == "client_secret_basic"

    @pytest.mark.rfc("7591", "2")
    async def test_a_client_without_a_name_is_shown_by_its_client_id(self, server: Server) -> None:
        members = created(await post(server, client_name=...))
        assert members["client_name"] == members["client_id"]

    @pytest.mark.rfc("7591", "2")
    @pytest.mark.parametrize(
        ("method", "has_secret"),
        [("client_secret_basic", True), ("client_secret_post", True), ("none", False)],
    )
    async def test_the_method_decides_whether_there_is_a_secret(
        self, server: Server, method: str, *, has_secret: bool
    ) -> None:
        members = created(await post(server, token_endpoint_auth_method=method))
        assert ("client_secret" in members) == has_secret
        assert ("client_secret_expires_at" in members) == has_secret

    @pytest.mark.rfc("7591", "2")
    @pytest.mark.parametrize("method", ["client_secret_jwt", "tls_client_auth", "Basic", ""])
    async def test_other_methods_are_refused(self, server: Server, method: str) -> None:
        said = await rejected(server, token_endpoint_auth_method=method)
        assert "token_endpoint_auth_method: expected one of" in said

    @pytest.mark.rfc("7591", "2")
    @pytest.mark.parametrize(
        "uris",
        [
            ["http://client.example/callback"],
            ["https://client.example/callback#there"],
            ["https://client.example/*"],
            ["https://good.example@client.example/callback"],
            ["https://client.example/callback", "https://client.example/callback"],
            ["/callback"],
            ["javascript:alert(1)//.x"],
            ["data:text/html,hi"],
            ["https://client.example/\ncallback"],
            [],
        ],
    )
    async def test_the_redirect_uris_keep_to_the_rules_of_every_client(
        self, server: Server, uris: list[str]
    ) -> None:
        before = server.rows()
        said = refused(await post(server, redirect_uris=uris), "invalid_redirect_uri")
        assert said.startswith("redirect_uris: ")
        assert server.rows() == before

    @pytest.mark.rfc("7591", "2")
    @pytest.mark.parametrize("uri", ["http://127.0.0.1/cb", "com.example.app:/callback"])
    async def test_a_client_with_the_redirect_uri_of_a_native_app_is_one(
        self, server: Server, uri: str
    ) -> None:
        members = created(await post(server, redirect_uris=[uri]))
        assert members["application_type"] == "native"
        assert (await stored(server, members)).application_type is ApplicationType.NATIVE

    @pytest.mark.rfc("7591", "2")
    async def test_a_web_client_cannot_have_a_private_scheme(self, server: Server) -> None:
        asked: dict[str, Any] = {
            "application_type": "web",
            "redirect_uris": ["com.example.app:/callback"],
        }
        refused(await post(server, **asked), "invalid_redirect_uri")

    @pytest.mark.rfc("7591", "2")
    @pytest.mark.parametrize(
        ("member", "value"),
        [
            ("client_name", 7),
            ("client_name", ["Notes"]),
            ("redirect_uris", REDIRECT_URI),
            ("redirect_uris", [1]),
            ("redirect_uris", {"0": REDIRECT_URI}),
            ("grant_types", "authorization_code"),
            ("response_types", "code"),
            ("scope", ["read"]),
            ("contacts", "ops@client.example"),
            ("contacts", [None]),
            ("jwks", []),
            ("jwks", "https://client.example/jwks"),
            ("jwks_uri", {}),
            ("application_type", True),
            ("software_id", 1),
            ("client_uri", ["https://client.example"]),
            ("dpop_bound_access_tokens", "true"),
            ("require_pushed_authorization_requests", 1),
            ("token_endpoint_auth_method", {}),
        ],
    )
    async def test_a_member_of_another_json_type_is_refused(
        self, server: Server, member: str, value: object
    ) -> None:
        error = "redirect_uri" if member == "redirect_uris" else "client_metadata"
        changes: dict[str, Any] = {member: value}
        said = refused(await post(server, **changes), f"invalid_{error}")
        assert said.startswith(f"{member}: expected ")

    @pytest.mark.rfc("7591", "2")
    @pytest.mark.parametrize("member", ["client_uri", "logo_uri", "tos_uri", "policy_uri"])
    @pytest.mark.parametrize(
        "uri",
        [
            "http://client.example/",
            "javascript:alert(1)",
            "https://",
            "https://client.example/ or so",
            "https://client.example/<script>",
            "https://you@client.example/",
            "https://client.example/#top",
            "https://client.example:port/",
            "https://client.example/" + "a" * 2048,
        ],
    )
    async def test_pages_for_people_have_https_urls(
        self, server: Server, member: str, uri: str
    ) -> None:
        assert (await rejected(server, **{member: uri})).startswith(f"{member}: expected ")

    @pytest.mark.rfc("7591", "2")
    @pytest.mark.parametrize(
        "changes",
        [
            {"software_version": "v" * 257},
            {"software_id": "a\u202eb"},
            {"contacts": ["a"] * 21},
            {"contacts": [""]},
            {"client_name": " Notes"},
            {"client_name": "No\u200btes"},
            {"client_name": "N" * 101},
            {"client_name": "Bank\u202e"},
        ],
    )
    async def test_texts_are_short_and_can_be_read(
        self, server: Server, changes: dict[str, Any]
    ) -> None:
        assert await rejected(server, **changes)

    @pytest.mark.rfc("7591", "2")
    async def test_keys_come_by_value_or_by_url_but_not_both_ways(self, server: Server) -> None:
        signing = {"token_endpoint_auth_method": "private_key_jwt"}
        jwks, uri = {"keys": [CLIENT_KEY.public_jwk]}, "https://client.example/jwks"
        created(await post(server, **signing, jwks=jwks))
        members = created(await post(server, **signing, jwks_uri=uri))
        assert (await stored(server, members)).jwks_uri == members["jwks_uri"] == uri
        assert "received both" in await rejected(server, **signing, jwks=jwks, jwks_uri=uri)
        assert "public keys" in await rejected(server, **signing)

    @pytest.mark.rfc("7591", "2")
    @pytest.mark.parametrize(
        "jwks",
        [
            {},
            {"keys": []},
            {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]},
            {"keys": [CLIENT_KEY.key.as_dict(private=True)]},
            {"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]},
            {"keys": ["key"]},
            {"keys": [{**CLIENT_KEY.public_jwk, "kid": "\x9b2J"}]},
        ],
        ids=["no keys", "none", "symmetric", "private", "no point", "no object", "unprintable"],
    )
    async def test_keys_are_public_and_can_sign(self, server: Server, jwks: dict[str, Any]) -> None:
        said = await rejected(server, token_endpoint_auth_method="private_key_jwt", jwks=jwks)
        assert said.startswith("jwks: ")

    @pytest.mark.rfc("7591", "2")
    @pytest.mark.parametrize("alg", ["none", "HS256", "RS1", ""])
    @pytest.mark.parametrize(
        "member", ["request_object_signing_alg", "token_endpoint_auth_signing_alg"]
    )
    async def test_algorithms_are_asymmetric(self, server: Server, member: str, alg: str) -> None:
        said = await rejected(
            server,
            token_endpoint_auth_method="private_key_jwt",
            jwks={"keys": [CLIENT_KEY.public_jwk]},
            **{member: alg},
        )
        assert said.startswith(f"{member}: expected one of")

    @pytest.mark.rfc("7591", "2")
    async def test_the_registered_algorithm_is_the_only_one_taken(
        self, server: Server, key: DpopKey
    ) -> None:
        members = created(
            await post(
                server,
                token_endpoint_auth_method="private_key_jwt",
                token_endpoint_auth_signing_alg="PS256",
                jwks={"keys": [CLIENT_KEY.public_jwk]},
            )
        )
        client = await stored(server, members)
        said = refused(
            await server.redeem(await server.code(client), key, client),
            "invalid_client",
            status=401,
        )
        assert "expected client_assertion signed with PS256" in said

    @pytest.mark.rfc("7591", "2")
    async def test_scopes_are_those_that_the_deployment_gives_away(self, start: Start) -> None:
        server = await open_server(start, registration_scopes=("read",))
        assert created(await post(server))["scope"] == "read"
        assert "received also 'write'" in await rejected(server, scope="read write")

    @pytest.mark.rfc("7591", "2")
    async def test_without_a_setting_such_a_client_has_no_scope(self, start: Start) -> None:
        server = await start(registration="open")
        assert "scope" not in created(await post(server))
        await rejected(server, scope="read")

    @pytest.mark.rfc("7591", "2")
    async def test_no_client_gives_itself_the_scope_of_administrators(self, server: Server) -> None:
        await rejected(server, scope="holdfast:admin")

    @pytest.mark.rfc("7591", "2")
    @pytest.mark.parametrize(
        "grant",
        [
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code",
            "urn:ietf:params:oauth:grant-type:token-exchange",
            "implicit",
            "password",
        ],
    )
    async def test_strangers_get_only_grants_that_a_person_allows_in_a_browser(
        self, server: Server, grant: str
    ) -> None:
        said = await rejected(server, grant_types=["authorization_code", grant])
        assert "may have authorization_code, refresh_token" in said

    @pytest.mark.rfc("9449", "5.2")
    async def test_tokens_of_such_a_client_are_bound_to_a_key_whatever_it_asks(
        self, start: Start
    ) -> None:
        server = await open_server(start, allow_bearer=True)
        said = await rejected(server, dpop_bound_access_tokens=False)
        assert "expected true" in said

    @pytest.mark.rfc("FAPI2", "5.3.2.1")
    async def test_such_a_client_keeps_to_the_profile_of_the_deployment(self, start: Start) -> None:
        server = await open_server(start, profile="fapi2")
        assert "FAPI 2.0" in await rejected(server)
        await rejected(server, token_endpoint_auth_method="none")
        keys = {"keys": [CLIENT_KEY.public_jwk]}
        created(await post(server, token_endpoint_auth_method="private_key_jwt", jwks=keys))


class TestSection21GrantTypesAndResponseTypes:
    @pytest.mark.rfc("7591", "2.1")
    @pytest.mark.parametrize("types", [["token"], ["code", "token"], ["code id_token"], []])
    async def test_response_types_go_with_the_grant_types(
        self, server: Server, types: list[str]
    ) -> None:
        assert "response_types" in await rejected(server, response_types=types)

    @pytest.mark.rfc("7591", "2.1")
    async def test_a_client_without_the_code_grant_has_no_response_type(self, start: Start) -> None:
        server = await token_server(start)
        token = await initial_token(server, grant_types=frozenset({"client_credentials"}))
        asked = {"grant_types": ["client_credentials"], "redirect_uris": ...}
        refused(
            await post(server, token=token, response_types=["code"], **asked),
            "invalid_client_metadata",
        )
        assert created(await post(server, token=token, **asked))["response_types"] == []

    @pytest.mark.rfc("7591", "2.1")
    async def test_refresh_tokens_need_a_grant_that_begets_them(self, server: Server) -> None:
        await rejected(server, grant_types=["refresh_token"], redirect_uris=...)


class TestSection22HumanReadable:
    @pytest.mark.rfc("7591", "2.2")
    async def test_translations_are_kept_as_they_came(self, server: Server) -> None:
        names = {
            "client_name#de": "Notizen",
            "client_name#ja-Jpan-JP": "\u30e1\u30e2",
            "policy_uri#de": "https://client.example/datenschutz",
        }
        members = created(await post(server, **names))
        assert names.items() <= members.items()
        assert (await stored(server, members)).metadata == names

    @pytest.mark.rfc("7591", "2.2")
    async def test_a_name_that_is_no_language_tag_is_ignored(self, server: Server) -> None:
        assert "client_name#" not in created(await post(server, **{"client_name#": "x"}))

    @pytest.mark.rfc("7591", "2.2")
    @pytest.mark.parametrize(
        "changes",
        [
            {"client_name#de": "\u202eNotizen"},
            {"client_name#de": 1},
            {"logo_uri#de": "http://client.example/logo"},
            {f"client_name#de-x{i}": "x" for i in range(51)},
        ],
    )
    async def test_translations_keep_to_the_rules_of_the_original(
        self, server: Server, changes: dict[str, Any]
    ) -> None:
        await rejected(server, **changes)


class TestSection23SoftwareStatement:
    @pytest.mark.rfc("7591", "2.3")
    @pytest.mark.rfc("7591", "3.1.1")
    async def test_what_the_statement_says_takes_precedence(self, vouching: Server) -> None:
        signed = statement(VOUCHER, software_id="vouched", scope="read")
        members = created(
            await post(vouching, software_statement=signed, software_id="mine", scope="write")
        )
        assert members["client_name"] == "Vouched for"
        assert members["software_id"] == "vouched"
        assert members["scope"] == "read"

    @pytest.mark.rfc("7591", "2.3")
    async def test_keys_in_the_statement_displace_those_beside_it(self, vouching: Server) -> None:
        signed = statement(VOUCHER, jwks_uri="https://client.example/jwks")
        members = created(
            await post(
                vouching,
                software_statement=signed,
                token_endpoint_auth_method="private_key_jwt",
                jwks={"keys": [CLIENT_KEY.public_jwk]},
            )
        )
        assert members["jwks_uri"] == "https://client.example/jwks"
        assert "jwks" not in members

    @pytest.mark.rfc("7591", "3.2.1")
    async def test_the_statement_is_returned_unmodified(self, vouching: Server) -> None:
        signed = statement(VOUCHER)
        client = await registered(vouching, software_statement=signed)
        assert client.members["software_statement"] == signed
        assert (await client.read()).json()["software_statement"] == signed

    @pytest.mark.rfc("7591", "2.3")
    async def test_what_the_statement_says_keeps_to_the_rules_too(self, vouching: Server) -> None:
        await rejected(vouching, software_statement=statement(VOUCHER, scope="holdfast:admin"))
        await rejected(
            vouching, software_statement=statement(VOUCHER, grant_types=["client_credentials"])
        )

    @pytest.mark.rfc("7591", "2.3")
    @pytest.mark.rfc("7591", "3.2.2")
    @pytest.mark.parametrize(
        "claims",
        [
            {"iss": None},
            {"iss": [VOUCHING]},
            {"exp": NOW - 60},
            {"nbf": NOW + 60},
            {"iat": NOW + 60},
            {"exp": "tomorrow"},
            {"aud": "https://other.example"},
            {"aud": []},
        ],
        ids=str,
    )
    async def test_a_statement_that_does_not_hold_is_invalid(
        self, vouching: Server, claims: dict[str, Any]
    ) -> None:
        before = vouching.rows()
        response = await post(vouching, software_statement=statement(VOUCHER, **claims))
        refused(response, "invalid_software_statement")
        assert vouching.rows() == before

    @pytest.mark.rfc("7591", "2.3")
    @pytest.mark.parametrize("claims", [{"exp": NOW + 60}, {"aud": ISSUER}, {"aud": ["x", ISSUER]}])
    async def test_a_statement_may_have_an_end_and_an_audience(
        self, vouching: Server, claims: dict[str, Any]
    ) -> None:
        created(await post(vouching, software_statement=statement(VOUCHER, **claims)))

    @pytest.mark.rfc("7591", "3.2.2")
    async def test_a_statement_that_another_key_signed_is_invalid(self, vouching: Server) -> None:
        forged = statement(AssertionKey("RS256"))
        said = refused(
            await post(vouching, software_statement=forged), "invalid_software_statement"
        )
        assert "signature" in said

    @pytest.mark.rfc("7591", "3.2.2")
    @pytest.mark.parametrize("alg", ["none", "HS256", None])
    async def test_a_statement_is_signed_by_a_key_that_only_its_issuer_has(
        self, vouching: Server, alg: str | None
    ) -> None:
        signed = statement(VOUCHER, header={"alg": alg})
        refused(await post(vouching, software_statement=signed), "invalid_software_statement")

    @pytest.mark.rfc("7591", "3.2.2")
    @pytest.mark.parametrize("value", ["", "a.b.c", "e30.e30", "e30.e30."])
    async def test_what_is_no_jwt_is_invalid(self, vouching: Server, value: str) -> None:
        refused(await post(vouching, software_statement=value), "invalid_software_statement")

    @pytest.mark.rfc("7591", "3.2.2")
    async def test_an_issuer_that_nobody_here_trusts_is_not_approved(
        self, vouching: Server
    ) -> None:
        signed = statement(VOUCHER, iss="https://stranger.example")
        said = refused(
            await post(vouching, software_statement=signed), "unapproved_software_statement"
        )
        assert "https://stranger.example" in said

    @pytest.mark.rfc("7591", "3.2.2")
    async def test_a_server_that_trusts_nobody_approves_no_statement(self, start: Start) -> None:
        server = await open_server(start)
        response = await post(server, software_statement=statement(VOUCHER))
        refused(response, "unapproved_software_statement")


class TestSection3Endpoint:
    @pytest.mark.rfc("7591", "3")
    async def test_by_default_the_endpoint_is_not_there_and_not_advertised(
        self, start: Start
    ) -> None:
        server = await start()
        assert (await post(server)).status_code == 404
        assert (await server.http.get("/register/spa")).status_code == 404
        document = (await server.http.get("/.well-known/oauth-authorization-server")).json()
        assert "registration_endpoint" not in document

    @pytest.mark.rfc("7591", "3")
    @pytest.mark.rfc("8414", "2")
    @pytest.mark.parametrize("mode", ["open", "token"])
    async def test_the_endpoint_is_advertised_where_it_is(self, start: Start, mode: str) -> None:
        server = await open_server(start, registration=mode)
        document = (await server.http.get("/.well-known/oauth-authorization-server")).json()
        assert document["registration_endpoint"] == f"{ISSUER}/register"

    @pytest.mark.rfc("7591", "3")
    async def test_without_an_initial_access_token_nobody_registers_where_one_is_needed(
        self, start: Start
    ) -> None:
        server = await token_server(start)
        before = server.rows()
        said = unauthorized(await post(server), presented=False)
        assert "initial access token" in said
        assert server.rows() == before

    @pytest.mark.rfc("7591", "3")
    @pytest.mark.parametrize("mode", ["open", "token"])
    @pytest.mark.parametrize(
        "header",
        ["Bearer hf_it_wrong", "Bearer", "Bearer a b", "DPoP hf_it_wrong", "Basic Og==", ""],
    )
    async def test_a_token_that_is_none_is_refused_even_where_none_is_needed(
        self, start: Start, mode: str, header: str
    ) -> None:
        server = await open_server(start, registration=mode)
        fields = {"Authorization": header}
        unauthorized(await server.http.post("/register", json=METADATA, headers=fields))

    @pytest.mark.rfc("7591", "3")
    async def test_an_initial_access_token_lets_in_as_often_as_it_says(self, start: Start) -> None:
        server = await token_server(start)
        token = await initial_token(server, uses=2)
        for _ in range(2):
            created(await post(server, token=token))
        unauthorized(await post(server, token=token))

    @pytest.mark.rfc("7591", "3")
    async def test_a_refused_request_does_not_use_the_token_up(self, start: Start) -> None:
        server = await token_server(start)
        token = await initial_token(server)
        refused(await post(server, token=token, scope="admin"), "invalid_client_metadata")
        created(await post(server, token=token))

    @pytest.mark.rfc("7591", "3")
    async def test_of_many_requests_with_one_token_one_registers(self, start: Start) -> None:
        server = await token_server(start)
        token = await initial_token(server)
        responses = await asyncio.gather(*(post(server, token=token) for _ in range(10)))
        assert sorted(each.status_code for each in responses) == [201] + [401] * 9

    @pytest.mark.rfc("7591", "3")
    async def test_an_initial_access_token_ends(self, start: Start) -> None:
        server = await token_server(start)
        token = await initial_token(server, lifetime=60)
        server.clock.advance(60)
        unauthorized(await post(server, token=token))

    @pytest.mark.rfc("7591", "3")
    async def test_an_initial_access_token_can_allow_more(self, start: Start) -> None:
        server = await token_server(start)
        token = await initial_token(
            server, grant_types=frozenset({"client_credentials"}), scopes=frozenset({"metrics"})
        )
        members = created(
            await post(
                server,
                token=token,
                grant_types=["client_credentials"],
                redirect_uris=...,
                scope="metrics",
            )
        )
        assert members["grant_types"] == ["client_credentials"]
        assert members["scope"] == "metrics"

    @pytest.mark.rfc("7591", "3")
    async def test_the_token_is_stored_as_a_hash(self, start: Start) -> None:
        server = await token_server(start)
        token = await initial_token(server)
        assert token.startswith("hf_it_")
        async with server.parts.database.read() as unit:
            [kept] = await unit.initial_tokens.list()
        assert kept.token_hash == digest(token)

    @pytest.mark.rfc("7591", "3")
    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
    async def test_only_post_registers(self, server: Server, method: str) -> None:
        response = await server.http.request(method, "/register", json=METADATA)
        assert response.status_code == 405


class TestSection31Request:
    @pytest.mark.rfc("7591", "3.1")
    @pytest.mark.parametrize(
        "content_type", ["application/x-www-form-urlencoded", "text/plain", "text/json", None]
    )
    async def test_the_request_is_json(self, server: Server, content_type: str | None) -> None:
        fields = {} if content_type is None else {"Content-Type": content_type}
        body = json.dumps(METADATA).encode()
        response = await server.http.post("/register", content=body, headers=fields)
        assert "expected 'application/json'" in refused(response, "invalid_request", status=415)

    @pytest.mark.rfc("7591", "3.1")
    async def test_the_media_type_may_have_parameters(self, server: Server) -> None:
        fields = {"Content-Type": "Application/JSON; charset=utf-8"}
        body = json.dumps(METADATA).encode()
        created(await server.http.post("/register", content=body, headers=fields))

    @pytest.mark.rfc("7591", "3.1")
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[]",
            b"null",
            b'"text"',
            b"{",
            b'{"client_name": NaN}',
            b'{"client_name": "a", "client_name": "b"}',
            b'{"client_name": "\\u0000"}',
            b'{"x": ["\\ud800"]}',
            b"\xff",
            b'{"a":' * 50_000,
            b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
            b"9" * 5000,
            b'{"x": 1e999}',
            b'{"x":' * 21 + b"1" + b"}" * 21,
        ],
        ids=lambda body: repr(body[:24]),
    )
    async def test_a_body_that_is_no_json_object_is_refused(
        self, server: Server, body: bytes
    ) -> None:
        fields = {"Content-Type": "application/json"}
        response = await server.http.post("/register", content=body[:65536], headers=fields)
        refused(response, "invalid_request")

    @pytest.mark.rfc("7591", "3.1")
    async def test_a_large_body_is_refused(self, server: Server) -> None:
        response = await post(server, padding="a" * 65536)
        refused(response, "invalid_request", status=413)

    @pytest.mark.rfc("7591", "3.1")
    async def test_no_page_on_another_origin_may_read_the_answer(self, server: Server) -> None:
        fields = {"Origin": "https://client.example", "Access-Control-Request-Method": "POST"}
        for response in (
            await server.http.options("/register", headers=fields),
            await server.http.post("/register", json=METADATA, headers=fields),
        ):
            assert "access-control-allow-origin" not in response.headers


class TestSection321Response:
    @pytest.mark.rfc("7591", "3.2.1")
    @pytest.mark.rfc("7592", "3")
    async def test_the_answer_has_what_the_server_made(self, server: Server) -> None:
        members = created(await post(server))
        assert members.keys() >= MADE
        assert members["client_id_issued_at"] == int(NOW)
        assert members["client_secret"].startswith("hf_cs_")
        assert members["client_secret_expires_at"] == 0
        assert members["registration_access_token"].startswith("hf_rat_")
        assert members["registration_client_uri"] == f"{ISSUER}/register/{members['client_id']}"

    @pytest.mark.rfc("7591", "3.2.1")
    async def test_every_client_has_credentials_of_its_own(self, server: Server) -> None:
        one, other = created(await post(server)), created(await post(server))
        for member in ("client_id", "client_secret", "registration_access_token"):
            assert one[member] != other[member]

    @pytest.mark.rfc("7591", "3.2.1")
    async def test_credentials_are_stored_as_hashes(self, server: Server) -> None:
        members = created(await post(server))
        async with server.parts.database.read() as unit:
            registration = await unit.registrations.find(members["client_id"])
        assert registration is not None
        assert registration.token_hash == digest(members["registration_access_token"])
        [secret] = (await stored(server, members)).secrets
        assert secret.hash == digest(members["client_secret"])

    @pytest.mark.rfc("7591", "3.2.1")
    async def test_the_client_that_is_answered_gets_tokens(
        self, server: Server, key: DpopKey
    ) -> None:
        members = created(await post(server))
        client = await stored(server, members)
        _, headers = credentials(
            client, issuer=ISSUER, now=NOW, secret=str(members["client_secret"])
        )
        response = await server.post(
            {
                "grant_type": "authorization_code",
                "code": await server.code(client),
                "redirect_uri": REDIRECT_URI,
                "code_verifier": VERIFIER,
            },
            [*headers, ("DPoP", server.proof(key))],
        )
        issued(response)

    @pytest.mark.rfc("7591", "3.2.1")
    async def test_a_registration_is_audited_and_never_with_a_secret(self, start: Start) -> None:
        server = await token_server(start)
        token = await initial_token(server)
        members = created(await post(server, token=token))
        unauthorized(await post(server, token=token))
        events = await server.audit()
        kinds = [event.kind for event in events]
        assert kinds == [
            EventKind.REGISTRATION_TOKEN_CREATED,
            EventKind.CLIENT_CREATED,
            EventKind.REQUEST_REFUSED,
        ]
        assert events[1].client_id == members["client_id"]
        assert events[1].details["actor"] == events[0].details["registration_token"]
        assert events[1].address is not None
        assert events[2].details["error"] == "invalid_token"
        assert not any("hf_it_" in value for each in events for value in each.details.values())


class TestSection5Security:
    @pytest.mark.rfc("7591", "5")
    async def test_one_address_registers_only_so_many_clients_at_once(self, server: Server) -> None:
        for _ in range(10):
            created(await post(server))
        response = await post(server)
        refused(response, "temporarily_unavailable", status=429)
        server.clock.advance(int(response.headers["retry-after"]))
        created(await post(server))

    @pytest.mark.rfc("7591", "5")
    async def test_an_initial_access_token_is_not_held_up(self, server: Server) -> None:
        for _ in range(11):
            last = await post(server)
        assert last.status_code == 429
        created(await post(server, token=await initial_token(server)))

    @pytest.mark.rfc("7591", "5")
    async def test_strangers_register_only_so_many_clients(self, start: Start) -> None:
        server = await open_server(start, registration_limit=2)
        for _ in range(2):
            created(await post(server))
        refused(await post(server), "temporarily_unavailable", status=429)
        created(await post(server, token=await initial_token(server)))

    @pytest.mark.rfc("7591", "5")
    async def test_clients_that_nobody_ever_allowed_make_room_after_a_day(
        self, start: Start
    ) -> None:
        server = await open_server(start, registration_limit=2)
        used, unused = created(await post(server)), created(await post(server))
        await server.tokens(DpopKey(), await _public(server, used))
        server.clock.advance(24 * 3600 + 1)
        created(await post(server))
        assert await server.parts.database.clients.find(used["client_id"]) is not None
        assert await server.parts.database.clients.find(unused["client_id"]) is None
        refused(await post(server), "temporarily_unavailable", status=429)
        assert any(event.details.get("unused") == "1" for event in await server.audit())

    @pytest.mark.rfc("7591", "5")
    async def test_such_a_client_is_marked_as_one_that_nobody_verified(
        self, server: Server
    ) -> None:
        assert (await stored(server, created(await post(server)))).unverified

    @pytest.mark.rfc("7591", "5")
    async def test_where_the_database_is_out_of_reach_nobody_registers(
        self, server: Server
    ) -> None:
        async with gone(server):
            unavailable(await post(server))
        created(await post(server))


async def _public(server: Server, members: dict[str, Any]) -> Client:
    return await server.change(
        await stored(server, members), auth_method=AuthMethod.NONE, secrets=()
    )
