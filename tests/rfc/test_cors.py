"""CORS (WHATWG Fetch §3.2): which pages may read what the endpoints answer."""

import dataclasses
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from app.oauth.client import ApplicationType, Client
from app.telemetry.audit import EventKind
from tests.answers import challenged, issued, proof_refused, refused
from tests.builders import ISSUER, DpopKey
from tests.conftest import Start
from tests.flows.test_fail_closed import gone, locked, unavailable
from tests.harness import FORM, POSTING, SIGNING, SPA, WEB, Server
from tests.held_tokens import GUARD, introspect, revoke
from tests.person import REQUEST
from tests.statements import statements

ORIGIN = "https://client.example"
STRANGER = "https://evil.example"
FROM_PAGE = [("Origin", ORIGIN)]
PATHS = ["/token", "/par", "/revoke"]
OTHERS = ["/authorize", "/login", "/consent", "/account", "/introspect", "/", "/errors"]
CONFIDENTIAL = [WEB, POSTING, SIGNING]


def allowance(response: httpx.Response) -> dict[str, str]:
    """Return the header fields of CORS, but for those of a preflight."""
    names = ("access-control-allow-origin", "access-control-expose-headers", "vary")
    assert "access-control-allow-credentials" not in response.headers
    return {name: response.headers[name] for name in names if name in response.headers}


def is_readable(response: httpx.Response, origin: str = ORIGIN) -> bool:
    """Whether a page of the origin may read the answer, with all it needs of its header fields."""
    found = allowance(response)
    assert found.pop("vary") == "Origin"
    if not found:
        return False
    return found == {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": "DPoP-Nonce, WWW-Authenticate, Retry-After",
    }


async def post(server: Server, path: str, origin: str | None = ORIGIN) -> httpx.Response:
    """Post a form that every endpoint refuses, since it names no client."""
    headers = {"Content-Type": FORM} | ({"Origin": origin} if origin is not None else {})
    return await server.http.post(path, content="token=x", headers=headers)


async def ask(server: Server, path: str, origin: str = ORIGIN) -> httpx.Response:
    """Ask as browsers do whether a page may post with a proof."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "dpop",
    }
    return await server.http.options(path, headers=headers)


class TestPreflight:
    @pytest.mark.parametrize("path", PATHS)
    async def test_a_page_of_a_browser_client_may_post_with_a_proof(
        self, server: Server, path: str
    ) -> None:
        response = await ask(server, path)
        assert response.status_code == 204
        assert response.content == b""
        assert is_readable(response)
        assert response.headers["access-control-allow-methods"] == "POST"
        assert (
            response.headers["access-control-allow-headers"] == "DPoP, Authorization, Content-Type"
        )
        assert response.headers["access-control-max-age"] == "600"

    @pytest.mark.parametrize("origin", [STRANGER, "null", "*", ORIGIN + "/", ORIGIN + ":1", "é"])
    @pytest.mark.parametrize("path", PATHS)
    async def test_no_other_page_may(self, server: Server, path: str, origin: str) -> None:
        headers: Any = [
            (b"Origin", origin.encode("latin-1")),
            (b"Access-Control-Request-Method", b"POST"),
        ]
        response = await server.http.options(path, headers=headers)
        refused(response, "invalid_request", status=403)
        assert allowance(response) == {"vary": "Origin"}

    async def test_two_origins_are_none(self, server: Server) -> None:
        headers = [*FROM_PAGE, *FROM_PAGE, ("Access-Control-Request-Method", "POST")]
        assert (await server.http.options("/token", headers=headers)).status_code == 403

    @pytest.mark.parametrize("path", OTHERS)
    async def test_pages_and_introspection_are_for_no_other_page(
        self, server: Server, path: str
    ) -> None:
        response = await ask(server, path)
        assert response.status_code == 405
        assert allowance(response) == {}

    async def test_an_unreachable_database_answers_no_preflight(self, server: Server) -> None:
        async with gone(server):
            response = await ask(server, "/token")
        unavailable(response)
        assert allowance(response) == {}

    async def test_options_that_ask_for_nothing_are_no_preflight(self, server: Server) -> None:
        response = await server.http.options("/token", headers=dict(FROM_PAGE))
        assert response.status_code == 405
        assert is_readable(response)


class TestAnswers:
    async def test_a_page_reads_its_tokens(self, server: Server, key: DpopKey) -> None:
        response = await server.redeem(await server.code(), key, headers=FROM_PAGE)
        issued(response)
        assert is_readable(response)

    async def test_a_page_pushes_its_request(self, server: Server) -> None:
        fields = urlencode({**REQUEST, "client_id": SPA.client_id})
        headers = [("Content-Type", FORM), *FROM_PAGE]
        response = await server.http.post("/par", content=fields, headers=headers)
        assert response.status_code == 201
        assert is_readable(response)

    async def test_a_page_gives_its_tokens_back(self, server: Server, key: DpopKey) -> None:
        token = (await server.tokens(key))["refresh_token"]
        response = await revoke(server, SPA, token, headers=FROM_PAGE)
        assert response.status_code == 200
        assert is_readable(response)

    async def test_an_allowed_origin_counts_as_the_clients_own(
        self, server: Server, key: DpopKey
    ) -> None:
        client = await server.change(SPA, allowed_origins=("https://pages.example",))
        headers = [("Origin", "https://pages.example")]
        response = await server.redeem(await server.code(client), key, client, headers=headers)
        issued(response)
        assert is_readable(response, "https://pages.example")

    async def test_a_page_under_development_on_loopback_counts(
        self, server: Server, key: DpopKey
    ) -> None:
        client = await server.change(SPA, redirect_uris=("http://localhost:5173/callback",))
        code = await server.code(client, redirect_uri_sent=False)
        headers = [("Origin", "http://localhost:5173")]
        response = await server.redeem(code, key, client, redirect_uri=None, headers=headers)
        assert is_readable(response, "http://localhost:5173")

    async def test_a_client_that_was_just_added_counts_at_once(self, server: Server) -> None:
        assert not is_readable(await post(server, "/token", "https://new.example"))
        new = dataclasses.replace(
            SPA, client_id="new", redirect_uris=("https://new.example/callback",)
        )
        await server.add(new)
        response = await post(server, "/token", "https://new.example")
        assert is_readable(response, "https://new.example")

    async def test_a_disabled_client_does_not_count(self, server: Server) -> None:
        assert is_readable(await post(server, "/token"))
        await server.change(SPA, disabled=True)
        assert not is_readable(await post(server, "/token"))

    @pytest.mark.parametrize("path", PATHS)
    async def test_without_an_origin_nothing_is_said_of_it(self, server: Server, path: str) -> None:
        assert allowance(await post(server, path, None)) == {}

    async def test_without_an_origin_nothing_is_asked_of_the_database(self, server: Server) -> None:
        with statements(server.parts.database) as seen:
            await post(server, "/token", None)
            await post(server, "/token", "null")
            assert seen == []
            await post(server, "/token")
            assert ["client_origins" in each for each in seen] == [True]

    @pytest.mark.parametrize("path", OTHERS)
    async def test_pages_and_introspection_are_read_by_no_other_page(
        self, server: Server, path: str
    ) -> None:
        response = await server.http.get(path, headers=dict(FROM_PAGE))
        assert allowance(response).keys() <= {"vary"}

    @pytest.mark.parametrize("path", ["/jwks", "/.well-known/oauth-authorization-server"])
    async def test_every_page_reads_the_metadata_and_the_keys(
        self, server: Server, path: str
    ) -> None:
        response = await server.http.get(path, headers={"Origin": STRANGER})
        assert response.headers["access-control-allow-origin"] == "*"


class TestErrors:
    @pytest.mark.rfc("9449", "8")
    async def test_a_page_reads_the_nonce_of_a_challenge(self, start: Start, key: DpopKey) -> None:
        server = await start(dpop_nonce="required")
        response = await server.redeem(await server.code(), key, headers=FROM_PAGE)
        assert challenged(response)
        assert is_readable(response)

    async def test_a_page_reads_why_its_proof_is_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        proof = server.proof(key, htm="GET")
        response = await server.redeem(await server.code(), key, proof=proof, headers=FROM_PAGE)
        proof_refused(response, "htm")
        assert is_readable(response)

    @pytest.mark.parametrize("path", PATHS)
    async def test_a_page_reads_that_the_client_is_missing(self, server: Server, path: str) -> None:
        response = await post(server, path)
        assert response.status_code in {400, 401}
        assert is_readable(response)

    @pytest.mark.parametrize("path", PATHS)
    async def test_a_page_reads_that_the_method_is_wrong(self, server: Server, path: str) -> None:
        response = await server.http.get(path, headers=dict(FROM_PAGE))
        assert response.status_code == 405
        assert is_readable(response)

    async def test_a_page_reads_that_the_form_is_none(self, server: Server) -> None:
        response = await server.http.post("/token", json={}, headers=dict(FROM_PAGE))
        assert response.status_code == 415
        assert is_readable(response)

    async def test_a_page_reads_an_unexpected_error(
        self, server: Server, key: DpopKey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        code = await server.code()
        monkeypatch.setattr(server.stores.codes, "find", None)
        response = await server.redeem(code, key, headers=FROM_PAGE)
        refused(response, "server_error", status=500)
        assert is_readable(response)

    async def test_a_page_reads_when_to_come_again(self, server: Server, key: DpopKey) -> None:
        code = await server.code()
        async with locked(server):
            response = await server.redeem(code, key, headers=FROM_PAGE)
        unavailable(response)
        assert is_readable(response)

    @pytest.mark.parametrize("path", PATHS)
    async def test_a_page_reads_nothing_while_the_database_does_not_answer(
        self, server: Server, path: str
    ) -> None:
        fields = {**REQUEST, "client_id": "spa", "token": "x"}
        headers = [("Content-Type", FORM), *FROM_PAGE]
        async with gone(server):
            response = await server.http.post(path, content=urlencode(fields), headers=headers)
        unavailable(response)
        assert allowance(response) == {"vary": "Origin"}


class TestTheClientsOwn:
    async def test_a_page_of_another_client_gets_no_tokens(
        self, server: Server, key: DpopKey
    ) -> None:
        other = dataclasses.replace(
            SPA, client_id="other", redirect_uris=("https://other.example/callback",)
        )
        await server.add(other)
        code = await server.code()
        response = await server.redeem(code, key, headers=[("Origin", "https://other.example")])
        assert "https://other.example" in refused(response, "unauthorized_client")
        # The page may know why: its own client may use the endpoint.
        assert is_readable(response, "https://other.example")
        issued(await server.redeem(code, key, headers=FROM_PAGE))

    @pytest.mark.parametrize("origin", [STRANGER, "null", "", ORIGIN + ":8443", f"{ORIGIN}, null"])
    async def test_a_page_of_no_client_gets_no_tokens(
        self, server: Server, key: DpopKey, origin: str
    ) -> None:
        response = await server.redeem(await server.code(), key, headers=[("Origin", origin)])
        refused(response, "unauthorized_client")
        assert not is_readable(response)

    async def test_a_page_of_another_client_pushes_nothing(self, server: Server) -> None:
        fields = urlencode({**REQUEST, "client_id": SPA.client_id})
        headers = [("Content-Type", FORM), ("Origin", STRANGER)]
        response = await server.http.post("/par", content=fields, headers=headers)
        refused(response, "unauthorized_client")

    async def test_a_page_of_another_client_revokes_nothing(
        self, server: Server, key: DpopKey
    ) -> None:
        token = (await server.tokens(key))["refresh_token"]
        response = await revoke(server, SPA, token, headers=[("Origin", STRANGER)])
        refused(response, "unauthorized_client")
        issued(await server.refresh(token, key))

    @pytest.mark.parametrize("client", CONFIDENTIAL, ids=lambda c: c.client_id)
    async def test_a_client_with_a_secret_is_no_page(
        self, server: Server, key: DpopKey, client: Client
    ) -> None:
        code = await server.code(client)
        response = await server.redeem(code, key, client, headers=FROM_PAGE)
        refused(response, "unauthorized_client")

    async def test_a_wrong_secret_is_told_before_a_wrong_origin(
        self, server: Server, key: DpopKey
    ) -> None:
        wrong = [("Origin", STRANGER)]
        response = await server.token(key, POSTING, headers=wrong, client_secret="wrong")
        refused(response, "invalid_client", status=401)

    async def test_a_native_app_is_no_page(self, server: Server, key: DpopKey) -> None:
        native = await server.change(SPA, application_type=ApplicationType.NATIVE)
        response = await server.redeem(await server.code(native), key, native, headers=FROM_PAGE)
        refused(response, "unauthorized_client")

    async def test_the_issuers_own_page_may_call_as_any_client(
        self, server: Server, key: DpopKey
    ) -> None:
        headers = [("Origin", ISSUER)]
        issued(await server.redeem(await server.code(WEB), key, WEB, headers=headers))

    async def test_an_introspecting_client_is_no_page(self, server: Server) -> None:
        await server.add(GUARD)
        response = await introspect(server, GUARD, "x", headers=FROM_PAGE)
        refused(response, "unauthorized_client")

    async def test_a_refused_page_uses_up_neither_its_proof_nor_its_code(
        self, server: Server, key: DpopKey
    ) -> None:
        proof = server.proof(key)
        code = await server.code()
        headers = [("Origin", STRANGER)]
        refused(await server.redeem(code, key, proof=proof, headers=headers), "unauthorized_client")
        issued(await server.redeem(code, key, proof=proof))

    async def test_the_refusal_is_in_the_audit_log(self, server: Server, key: DpopKey) -> None:
        await server.redeem(await server.code(), key, headers=[("Origin", STRANGER)])
        (last,) = [e for e in await server.audit() if e.kind is EventKind.REQUEST_REFUSED]
        assert last.client_id == SPA.client_id
        assert last.details["error"] == "unauthorized_client"
