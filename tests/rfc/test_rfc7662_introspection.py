"""RFC 7662: whether a token is good, told to those whom it concerns."""

import dataclasses
from typing import Any

import pytest
from joserfc.jwk import ECKey

from app.oauth.client import Client
from tests.answers import proof_refused, refused
from tests.builders import ISSUER, NOW, TOKEN_ENDPOINT, DpopKey
from tests.harness import API, FILES, POSTING, SIGNING, SPA, USER, WEB, Server
from tests.held_tokens import GUARD, call, described, introspect, is_active, revoke
from tests.statements import statements

BOTH = (API.uri, FILES.uri)


@pytest.fixture
async def guard(server: Server) -> Client:
    """Return the client that speaks for the API, registered."""
    await server.add(GUARD)
    return GUARD


class TestSection21Request:
    @pytest.mark.rfc("7662", "2.1")
    @pytest.mark.parametrize("client", [WEB, POSTING, SIGNING], ids=lambda c: c.client_id)
    async def test_every_method_of_a_confidential_client_is_taken(
        self, server: Server, key: DpopKey, client: Client
    ) -> None:
        token = (await server.tokens(key, client))["access_token"]
        assert await is_active(server, client, token)

    @pytest.mark.rfc("7662", "2.1")
    async def test_a_public_client_is_refused(self, server: Server, key: DpopKey) -> None:
        token = (await server.tokens(key, SPA))["access_token"]
        refused(await introspect(server, SPA, token), "invalid_client", status=401)

    @pytest.mark.rfc("7662", "2.1")
    @pytest.mark.parametrize("client_id", ["web", "nobody", None])
    async def test_a_client_that_only_names_itself_is_refused(
        self, server: Server, client_id: str | None
    ) -> None:
        response = await call(server, "/introspect", SPA, token="x", client_id=client_id)
        refused(response, "invalid_client", status=401)

    @pytest.mark.rfc("7662", "2.3")
    async def test_a_wrong_secret_is_refused(self, server: Server) -> None:
        response = await introspect(server, POSTING, "x", client_secret="wrong")
        refused(response, "invalid_client", status=401)

    @pytest.mark.rfc("7662", "2.1")
    async def test_the_token_is_required(self, server: Server) -> None:
        assert "token" in refused(await introspect(server, WEB, None), "invalid_request")

    @pytest.mark.rfc("7662", "2.1")
    @pytest.mark.parametrize("hint", ["access_token", "refresh_token", "x"])
    @pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
    async def test_the_hint_is_only_a_hint(
        self, server: Server, key: DpopKey, kind: str, hint: str
    ) -> None:
        token = (await server.tokens(key, WEB))[kind]
        assert described(await introspect(server, WEB, token, token_type_hint=hint))["active"]

    @pytest.mark.rfc("9449", "4.3")
    async def test_a_proof_that_is_there_must_be_for_this_endpoint(
        self, server: Server, key: DpopKey
    ) -> None:
        assert described(await introspect(server, WEB, "x", key=key)) == {"active": False}
        wrong = await introspect(server, WEB, "x", key=key, proof={"htu": TOKEN_ENDPOINT})
        proof_refused(wrong, "htu")

    @pytest.mark.rfc("7662", "2.1")
    async def test_get_is_not_answered(self, server: Server) -> None:
        assert (await server.http.get("/introspect?token=x")).status_code == 405

    async def test_the_metadata_names_the_methods_without_none(self, server: Server) -> None:
        metadata = (await server.http.get("/.well-known/oauth-authorization-server")).json()
        assert metadata["introspection_endpoint"] == server.settings.issuer + "/introspect"
        methods = metadata["introspection_endpoint_auth_methods_supported"]
        assert set(methods) == {"client_secret_basic", "client_secret_post", "private_key_jwt"}
        assert "ES256" in metadata["introspection_endpoint_auth_signing_alg_values_supported"]


class TestSection22Response:
    @pytest.mark.rfc("7662", "2.2")
    @pytest.mark.rfc("9449", "6.2")
    async def test_an_access_token_is_described_with_its_key(
        self, server: Server, key: DpopKey, guard: Client
    ) -> None:
        issued = await server.tokens(key, WEB, resources=(API.uri,))
        members = described(await introspect(server, guard, issued["access_token"]))
        assert members.pop("jti")
        assert members == {
            "active": True,
            "token_type": "DPoP",
            "scope": "read",
            "client_id": WEB.client_id,
            "sub": USER.user_id,
            "aud": API.uri,
            "iss": ISSUER,
            "iat": int(NOW),
            "exp": int(NOW) + 120,
            "auth_time": int(NOW) - 10,
            "cnf": {"jkt": key.jkt},
        }

    @pytest.mark.rfc("7662", "2.2")
    async def test_a_clients_own_token_is_described(self, server: Server, key: DpopKey) -> None:
        token = (await server.client_credentials(key, WEB)).json()["access_token"]
        members = described(await introspect(server, WEB, token))
        assert (members["active"], members["sub"]) == (True, WEB.client_id)
        assert "auth_time" not in members

    @pytest.mark.rfc("7662", "2.2")
    async def test_a_refresh_token_is_described_to_its_client(
        self, server: Server, key: DpopKey
    ) -> None:
        token = (await server.tokens(key, WEB))["refresh_token"]
        assert described(await introspect(server, WEB, token)) == {
            "active": True,
            "client_id": WEB.client_id,
            "sub": USER.user_id,
            "scope": "read write",
            "iss": ISSUER,
            "iat": int(NOW),
            "exp": int(NOW) + server.settings.refresh_token_lifetime,
        }

    @pytest.mark.rfc("7662", "2.2")
    async def test_a_refresh_token_tied_to_a_key_says_so(
        self, server: Server, key: DpopKey
    ) -> None:
        client = await server.change(WEB, dpop_bound_refresh_tokens=True)
        token = (await server.tokens(key, client))["refresh_token"]
        assert described(await introspect(server, client, token))["cnf"] == {"jkt": key.jkt}

    @pytest.mark.rfc("7662", "2.2")
    @pytest.mark.parametrize("token", ["x", "hf_rt_unknown", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
    async def test_what_is_no_token_is_inactive(self, server: Server, token: str) -> None:
        assert described(await introspect(server, WEB, token)) == {"active": False}

    @pytest.mark.rfc("7662", "2.2")
    async def test_a_resource_server_sees_the_scopes_that_it_knows(
        self, server: Server, key: DpopKey, guard: Client
    ) -> None:
        token = (await server.tokens(key, WEB, resources=BOTH))["access_token"]
        assert described(await introspect(server, guard, token))["scope"] == "read"
        assert described(await introspect(server, WEB, token))["scope"] == "read write"


class TestSection4Inactive:
    """RFC 7662 §4: expired, revoked, of a wrong signature: the checks of the token's state."""

    @pytest.mark.rfc("7662", "4")
    @pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
    async def test_an_expired_token_is_inactive(
        self, server: Server, key: DpopKey, kind: str
    ) -> None:
        token = (await server.tokens(key, WEB))[kind]
        settings = server.settings
        life = {
            "access_token": settings.access_token_lifetime,
            "refresh_token": settings.refresh_token_lifetime,
        }[kind]
        server.clock.advance(life - 1)
        assert await is_active(server, WEB, token)
        server.clock.advance(1)
        assert not await is_active(server, WEB, token)

    @pytest.mark.rfc("7662", "4")
    @pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
    async def test_the_tokens_of_a_revoked_grant_are_inactive_at_once(
        self, server: Server, key: DpopKey, kind: str
    ) -> None:
        code = await server.code(WEB)
        tokens = (await server.redeem(code, key, WEB)).json()
        family = await server.family_of(code)
        assert family is not None
        async with server.parts.database.begin() as unit:
            await unit.families.revoke(family.family_id)
            await unit.commit()
        assert not await is_active(server, WEB, tokens[kind])

    @pytest.mark.rfc("7662", "4")
    async def test_a_replayed_code_makes_its_access_token_inactive(
        self, server: Server, key: DpopKey
    ) -> None:
        code = await server.code(WEB)
        token = (await server.redeem(code, key, WEB)).json()["access_token"]
        refused(await server.redeem(code, key, WEB), "invalid_grant")
        assert not await is_active(server, WEB, token)

    @pytest.mark.rfc("7662", "4")
    async def test_a_rotated_refresh_token_is_inactive_and_its_grant_unharmed(
        self, server: Server, key: DpopKey
    ) -> None:
        first = (await server.tokens(key, WEB))["refresh_token"]
        second = (await server.refresh(first, key, WEB)).json()["refresh_token"]
        server.clock.advance(60)
        assert not await is_active(server, WEB, first)
        assert await is_active(server, WEB, second)

    @pytest.mark.rfc("7662", "4")
    @pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
    async def test_the_tokens_for_a_disabled_person_are_inactive(
        self, server: Server, key: DpopKey, kind: str
    ) -> None:
        token = (await server.tokens(key, WEB))[kind]
        await server.disable(USER)
        assert not await is_active(server, WEB, token)

    @pytest.mark.rfc("7662", "4")
    async def test_the_token_of_a_disabled_client_is_inactive(
        self, server: Server, key: DpopKey, guard: Client
    ) -> None:
        token = (await server.tokens(key, WEB, resources=(API.uri,)))["access_token"]
        await server.change(WEB, disabled=True)
        assert not await is_active(server, guard, token)

    @pytest.mark.rfc("7662", "4")
    async def test_a_token_of_a_retired_key_is_active_and_of_a_revoked_one_not(
        self, server: Server, key: DpopKey
    ) -> None:
        token = (await server.tokens(key, WEB))["access_token"]
        before = server.parts.keyring.active().kid
        await server.parts.keys.rotate(now=True)
        await server.parts.keyring.refresh()
        assert server.parts.keyring.active().kid != before
        assert await is_active(server, WEB, token)
        await server.parts.keys.revoke(before)
        await server.parts.keyring.refresh()
        assert not await is_active(server, WEB, token)

    @pytest.mark.rfc("7662", "4")
    @pytest.mark.parametrize(
        ("header", "claims"),
        [
            ({"typ": "JWT"}, {}),
            ({"typ": "dpop+jwt"}, {}),
            ({"kid": "unknown"}, {}),
            ({"crit": ["exp"]}, {}),
            ({}, {"iss": "https://other.example"}),
        ],
        ids=["typ JWT", "typ dpop+jwt", "kid", "crit", "iss"],
    )
    async def test_a_token_with_a_changed_header_or_issuer_is_inactive(
        self, server: Server, header: dict[str, Any], claims: dict[str, Any]
    ) -> None:
        signing = server.parts.keyring.active()
        signer = DpopKey(signing.alg, ECKey.import_key(signing.private_jwk))
        protected = {"typ": "at+jwt", "alg": signing.alg, "kid": signing.kid}
        payload = {
            "iss": ISSUER,
            "sub": WEB.client_id,
            "aud": ISSUER,
            "exp": int(NOW) + 60,
            "iat": int(NOW),
            "jti": "jti",
            "client_id": WEB.client_id,
        }
        assert await is_active(server, WEB, signer.sign(protected, payload))
        broken = signer.sign(protected | header, payload | claims)
        assert not await is_active(server, WEB, broken)

    @pytest.mark.rfc("7662", "4")
    async def test_a_token_signed_with_another_key_is_inactive(
        self, server: Server, key: DpopKey
    ) -> None:
        kid = server.parts.keyring.active().kid
        payload = {"iss": ISSUER, "sub": "web", "aud": ISSUER, "exp": int(NOW) + 60}
        payload |= {"jti": "jti", "client_id": "web", "iat": int(NOW)}
        token = key.sign({"typ": "at+jwt", "alg": "ES256", "kid": kid}, payload)
        assert not await is_active(server, WEB, token)


class TestSection4Privacy:
    """Callers see only what concerns them, and cannot tell what they do not see from nothing."""

    @pytest.mark.rfc("7662", "4")
    async def test_a_resource_server_sees_the_tokens_for_it_and_no_others(
        self, server: Server, key: DpopKey, guard: Client
    ) -> None:
        for_it = (await server.tokens(key, SPA, resources=BOTH))["access_token"]
        for_others = (await server.tokens(key, SPA, resources=(FILES.uri,)))["access_token"]
        for_nobody = (await server.tokens(key, SPA))["access_token"]
        assert await is_active(server, guard, for_it)
        assert not await is_active(server, guard, for_others)
        assert not await is_active(server, guard, for_nobody)

    @pytest.mark.rfc("7662", "4")
    @pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
    async def test_another_client_sees_nothing(
        self, server: Server, key: DpopKey, kind: str
    ) -> None:
        token = (await server.tokens(key, WEB, resources=(API.uri,)))[kind]
        assert not await is_active(server, POSTING, token)

    @pytest.mark.rfc("7662", "4")
    async def test_a_resource_server_sees_no_refresh_tokens(
        self, server: Server, key: DpopKey, guard: Client
    ) -> None:
        token = (await server.tokens(key, WEB, resources=(API.uri,)))["refresh_token"]
        assert not await is_active(server, guard, token)

    @pytest.mark.rfc("7662", "4")
    async def test_a_hidden_token_costs_the_same_queries_good_or_revoked(
        self, server: Server, key: DpopKey
    ) -> None:
        good = (await server.tokens(key, WEB))["access_token"]
        dead = (await server.tokens(key, WEB))["access_token"]
        assert (await revoke(server, WEB, dead)).status_code == 200
        # The caller is read from the database once, and then remembered.
        assert not await is_active(server, POSTING, good)
        work = []
        for token in (good, dead):
            with statements(server.parts.database) as seen:
                assert not await is_active(server, POSTING, token)
            work.append(seen)
        assert work[0] == work[1] != []

    async def test_a_disabled_resource_server_sees_nothing(
        self, server: Server, key: DpopKey, guard: Client
    ) -> None:
        token = (await server.tokens(key, SPA, resources=(API.uri,)))["access_token"]
        disabled = dataclasses.replace(guard, disabled=True)
        await server.add(disabled)
        refused(await introspect(server, disabled, token), "invalid_client", status=401)
