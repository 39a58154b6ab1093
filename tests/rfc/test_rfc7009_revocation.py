"""RFC 7009: a client gives back its tokens."""

from typing import Any

import httpx
import pytest

from app.oauth.client import AuthMethod, Client
from app.telemetry.audit import AuditEvent, EventKind
from tests.answers import challenged, is_uncacheable, proof_refused, refused
from tests.builders import TOKEN_ENDPOINT, DpopKey
from tests.conftest import Start
from tests.flows.test_fail_closed import change, gone, unavailable
from tests.harness import API, CLIENT_KEY, POSTING, SIGNING, SPA, WEB, Server
from tests.held_tokens import GUARD, introspect, is_active, revoke

REVOCATIONS = {EventKind.TOKEN_REVOKED, EventKind.FAMILY_REVOKED}


def accepted(response: httpx.Response) -> None:
    """Assert the one answer of success."""
    assert response.status_code == 200, response.text
    assert response.content == b""
    assert "content-type" not in response.headers
    assert is_uncacheable(response)


async def revocations(server: Server) -> list[AuditEvent]:
    return [event for event in await server.audit() if event.kind in REVOCATIONS]


async def refreshes(server: Server, key: DpopKey, client: Client, token: str) -> bool:
    return (await server.refresh(token, key, client)).status_code == 200


class TestSection21Request:
    @pytest.mark.rfc("7009", "2.1")
    @pytest.mark.parametrize("client", [SPA, WEB, POSTING, SIGNING], ids=lambda c: c.client_id)
    async def test_a_client_revokes_its_refresh_token_however_it_authenticates(
        self, server: Server, key: DpopKey, client: Client
    ) -> None:
        token = (await server.tokens(key, client))["refresh_token"]
        accepted(await revoke(server, client, token))
        refused(await server.refresh(token, key, client), "invalid_grant")

    @pytest.mark.rfc("7009", "2.1")
    async def test_revoking_a_refresh_token_revokes_the_access_tokens_of_the_grant(
        self, server: Server, key: DpopKey
    ) -> None:
        first = await server.tokens(key, WEB)
        second = (await server.refresh(first["refresh_token"], key, WEB)).json()
        accepted(await revoke(server, WEB, second["refresh_token"]))
        for token in (first["access_token"], second["access_token"]):
            assert not await is_active(server, WEB, token)

    @pytest.mark.rfc("7009", "2.1")
    async def test_a_rotated_refresh_token_still_names_its_grant(
        self, server: Server, key: DpopKey
    ) -> None:
        first = await server.tokens(key, WEB)
        second = (await server.refresh(first["refresh_token"], key, WEB)).json()
        accepted(await revoke(server, WEB, first["refresh_token"]))
        assert not await refreshes(server, key, WEB, second["refresh_token"])

    @pytest.mark.rfc("7009", "2.1")
    async def test_revoking_an_access_token_leaves_the_grant_alone(
        self, server: Server, key: DpopKey
    ) -> None:
        tokens = await server.tokens(key, WEB)
        accepted(await revoke(server, WEB, tokens["access_token"]))
        assert not await is_active(server, WEB, tokens["access_token"])
        again = (await server.refresh(tokens["refresh_token"], key, WEB)).json()
        assert await is_active(server, WEB, again["access_token"])

    @pytest.mark.rfc("7009", "2.1")
    async def test_a_public_client_revokes_its_access_token(
        self, server: Server, key: DpopKey
    ) -> None:
        await server.add(GUARD)
        token = (await server.tokens(key, SPA, resources=(API.uri,)))["access_token"]
        assert await is_active(server, GUARD, token)
        accepted(await revoke(server, SPA, token))
        assert not await is_active(server, GUARD, token)

    @pytest.mark.rfc("7009", "2.1")
    @pytest.mark.parametrize("hint", ["access_token", "refresh_token", "saml", "x"])
    @pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
    async def test_the_hint_is_only_a_hint(
        self, server: Server, key: DpopKey, kind: str, hint: str
    ) -> None:
        token = (await server.tokens(key, WEB))[kind]
        accepted(await revoke(server, WEB, token, token_type_hint=hint))
        assert not await is_active(server, WEB, token)

    @pytest.mark.rfc("7009", "2.1")
    @pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
    async def test_the_token_of_another_client_stays_good(
        self, server: Server, key: DpopKey, kind: str
    ) -> None:
        token = (await server.tokens(key, WEB))[kind]
        for stranger in (SPA, POSTING):
            accepted(await revoke(server, stranger, token))
        assert await is_active(server, WEB, token)
        assert await revocations(server) == []

    @pytest.mark.rfc("7009", "2.1")
    async def test_a_resource_server_revokes_nothing_that_is_not_its_own(
        self, server: Server, key: DpopKey
    ) -> None:
        await server.add(GUARD)
        token = (await server.tokens(key, WEB, resources=(API.uri,)))["access_token"]
        accepted(await revoke(server, GUARD, token))
        assert await is_active(server, GUARD, token)

    @pytest.mark.rfc("7009", "2.1")
    @pytest.mark.parametrize(
        "changes",
        [
            {"headers": [("Authorization", "Basic d2ViOndyb25n")]},
            {"client_id": "nobody"},
            {"client_id": None},
            {"client_id": WEB.client_id},
        ],
        ids=["wrong secret", "unknown client", "no client", "no secret"],
    )
    async def test_a_client_that_does_not_authenticate_is_refused(
        self, server: Server, key: DpopKey, changes: dict[str, Any]
    ) -> None:
        token = (await server.tokens(key, SPA))["refresh_token"]
        sent = {**({"client_id": None} if "headers" in changes else {}), **changes}
        refused(await revoke(server, SPA, token, **sent), "invalid_client", status=401)
        assert await refreshes(server, key, SPA, token)

    @pytest.mark.rfc("7009", "2.1")
    async def test_the_token_is_required(self, server: Server) -> None:
        description = refused(await revoke(server, WEB, None), "invalid_request")
        assert "token" in description

    @pytest.mark.rfc("7523", "3")
    async def test_an_assertion_is_spent_here_too(self, server: Server) -> None:
        fields = {"client_assertion": CLIENT_KEY.assertion(SIGNING.client_id)}
        accepted(await revoke(server, SIGNING, "x", **fields))
        refused(await revoke(server, SIGNING, "x", **fields), "invalid_client", status=401)

    @pytest.mark.rfc("7523", "3")
    @pytest.mark.parametrize(
        ("path", "is_taken"), [("/revoke", True), ("/token", False), ("/introspect", False)]
    )
    async def test_the_audience_of_an_assertion_is_this_endpoint_or_the_issuer(
        self, server: Server, path: str, *, is_taken: bool
    ) -> None:
        aud = server.settings.issuer + path
        assertion = CLIENT_KEY.assertion(SIGNING.client_id, aud=aud)
        response = await revoke(server, SIGNING, "x", client_assertion=assertion)
        assert response.status_code == (200 if is_taken else 401)

    async def test_get_is_not_answered(self, server: Server) -> None:
        assert (await server.http.get("/revoke")).status_code == 405


class TestSection22Response:
    @pytest.mark.rfc("7009", "2.2")
    @pytest.mark.parametrize("token", ["x", "hf_rt_unknown", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
    async def test_an_invalid_token_is_no_error(self, server: Server, token: str) -> None:
        accepted(await revoke(server, WEB, token))
        assert await revocations(server) == []

    @pytest.mark.rfc("7009", "2.2")
    @pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
    async def test_a_second_revocation_is_answered_alike_and_changes_nothing(
        self, server: Server, key: DpopKey, kind: str
    ) -> None:
        token = (await server.tokens(key, WEB))[kind]
        accepted(await revoke(server, WEB, token))
        rows = server.rows()
        accepted(await revoke(server, WEB, token))
        assert server.rows() == rows
        assert len(await revocations(server)) == 1

    @pytest.mark.rfc("7009", "2.2")
    async def test_an_expired_token_leaves_nothing_behind(
        self, server: Server, key: DpopKey
    ) -> None:
        token = (await server.tokens(key, WEB))["access_token"]
        server.clock.advance(server.settings.access_token_lifetime)
        accepted(await revoke(server, WEB, token))
        assert server.rows()["revoked_tokens"] == 0

    @pytest.mark.parametrize(
        ("kind", "event"),
        [
            ("access_token", EventKind.TOKEN_REVOKED),
            ("refresh_token", EventKind.FAMILY_REVOKED),
        ],
    )
    async def test_the_audit_log_tells_who_revoked_what(
        self, server: Server, key: DpopKey, kind: str, event: EventKind
    ) -> None:
        token = (await server.tokens(key, WEB))[kind]
        accepted(await revoke(server, WEB, token))
        [told] = await revocations(server)
        assert (told.kind, told.client_id, told.user_id) == (event, WEB.client_id, "usr_1")
        assert told.family_id
        assert token not in repr(told)

    async def test_nothing_is_revoked_unless_the_audit_event_is_written_too(
        self, server: Server, key: DpopKey
    ) -> None:
        tokens = await server.tokens(key, WEB)
        broken = "BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'on purpose'); END"
        change(server, f"CREATE TRIGGER broken {broken}")
        for kind in ("access_token", "refresh_token"):
            assert (await revoke(server, WEB, tokens[kind])).status_code >= 500
        change(server, "DROP TRIGGER broken")
        for kind in ("access_token", "refresh_token"):
            assert await is_active(server, WEB, tokens[kind])

    @pytest.mark.rfc("7009", "2.2.1")
    @pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
    async def test_while_the_database_is_out_of_reach_the_client_is_told_to_come_again(
        self, server: Server, key: DpopKey, kind: str
    ) -> None:
        token = (await server.tokens(key, WEB))[kind]
        async with gone(server):
            unavailable(await revoke(server, WEB, token))
            unavailable(await introspect(server, WEB, token))
        assert await is_active(server, WEB, token)

    async def test_a_refusal_is_in_the_audit_log(self, server: Server) -> None:
        await revoke(server, WEB, None)
        last = (await server.audit())[-1]
        assert last.kind is EventKind.REQUEST_REFUSED
        assert last.client_id == WEB.client_id
        assert last.details["endpoint"] == server.settings.issuer + "/revoke"


class TestProofs:
    """A proof is not required; one that is there must be right (RFC 9449 §4.3)."""

    @pytest.mark.rfc("9449", "4.3")
    async def test_a_valid_proof_is_taken_once(self, server: Server, key: DpopKey) -> None:
        proof = {"jti": "once"}
        accepted(await revoke(server, SPA, "x", key=key, proof=proof))
        proof_refused(await revoke(server, SPA, "x", key=key, proof=proof), "replay")

    @pytest.mark.rfc("9449", "4.3")
    async def test_a_proof_for_another_endpoint_is_refused_and_revokes_nothing(
        self, server: Server, key: DpopKey
    ) -> None:
        token = (await server.tokens(key, SPA))["refresh_token"]
        changes: dict[str, Any] = {"key": key, "proof": {"htu": TOKEN_ENDPOINT}}
        proof_refused(await revoke(server, SPA, token, **changes), "htu")
        assert await refreshes(server, key, SPA, token)

    @pytest.mark.rfc("9449", "8")
    async def test_a_proof_without_the_nonce_is_challenged_under_required(
        self, start: Start, key: DpopKey
    ) -> None:
        server = await start(dpop_nonce="required")
        nonce = challenged(await revoke(server, SPA, "x", key=key))
        response = await revoke(server, SPA, "x", key=key, proof={"nonce": nonce})
        accepted(response)
        assert response.headers["dpop-nonce"] == nonce

    async def test_the_metadata_names_the_methods(self, server: Server) -> None:
        metadata = (await server.http.get("/.well-known/oauth-authorization-server")).json()
        assert metadata["revocation_endpoint"] == server.settings.issuer + "/revoke"
        methods = metadata["revocation_endpoint_auth_methods_supported"]
        assert set(methods) == {str(method) for method in AuthMethod}
        assert "ES256" in metadata["revocation_endpoint_auth_signing_alg_values_supported"]
