"""GET /forward-auth: what a proxy is told about the requests it asks about."""

import asyncio
import dataclasses
from typing import Any

import httpx
import pytest

from app.oauth.ports import ResourceServer
from tests.answers import issued
from tests.builders import DpopKey, s256
from tests.conftest import Start
from tests.harness import API, FILES, WEB, Server, given

SECRET = "a secret of thirty-two characters"
ORDERS = "https://api.example/orders/7?full=1"
NESTED = ResourceServer("https://api.example/admin", "Admin", frozenset({"read"}))


@pytest.fixture
async def server(start: Start) -> Server:
    """A server that trusts the proxy on loopback."""
    return await start(forward_auth_proxies="127.0.0.1")


async def token(server: Server, key: DpopKey, resource: str = API.uri, **fields: str) -> str:
    scope = "write" if resource == FILES.uri else "read"
    answer = await server.client_credentials(
        key, WEB, **{"resource": resource, "scope": scope, **fields}
    )
    return str(issued(answer)["access_token"])


def forwarded(url: str = ORDERS, method: str = "GET", **changes: str | None) -> dict[str, str]:
    """Return what the proxy says of a request, but for the changes; None leaves one out."""
    parts = httpx.URL(url)
    authority = parts.netloc.decode()
    fields: dict[str, str | None] = {
        "X-Forwarded-Method": method,
        "X-Forwarded-Proto": parts.scheme,
        "X-Forwarded-Host": authority,
        "X-Forwarded-Uri": url.partition(authority)[2],
    }
    return given(fields | {name.replace("_", "-"): changes[name] for name in changes})


def presented(
    server: Server, key: DpopKey, access_token: str, url: str = ORDERS, **claims: Any
) -> list[tuple[str, str]]:
    """Return the header fields of a client that calls the URL, valid but for the claims."""
    valid = {
        "htm": "GET",
        "htu": url.partition("?")[0],
        "iat": server.clock.now(),
        "ath": s256(access_token),
    }
    proof = key.proof(**{**valid, **claims})
    return [("Authorization", f"DPoP {access_token}"), ("DPoP", proof)]


async def ask(
    server: Server,
    client: list[tuple[str, str]],
    proxy: dict[str, str] | None = None,
    query: str = "",
) -> httpx.Response:
    headers = [*client, *(forwarded() if proxy is None else proxy).items()]
    return await server.http.get("/forward-auth" + query, headers=headers)


def denied(response: httpx.Response, status: int, error: str) -> bool:
    """Whether the answer is this refusal, and nobody may keep it."""
    assert response.status_code == status, response.text
    assert response.json()["error"] == error, response.text
    assert response.headers["cache-control"] == "no-store"
    assert "dpop-nonce" not in response.headers or error == "use_dpop_nonce"
    return True


class TestWhoMayAsk:
    async def test_without_a_trusted_proxy_there_is_no_such_endpoint(self, start: Start) -> None:
        server = await start()
        assert (await ask(server, [])).status_code == 404

    async def test_who_is_not_a_trusted_proxy_gets_no_judgement(
        self, start: Start, key: DpopKey
    ) -> None:
        server = await start(forward_auth_proxies="192.0.2.0/24")
        answer = await ask(server, presented(server, key, await token(server, key)))
        assert denied(answer, 403, "access_denied")
        assert "HOLDFAST_FORWARD_AUTH_PROXIES" in answer.json()["error_description"]

    async def test_the_secret_makes_a_proxy_trusted(self, start: Start, key: DpopKey) -> None:
        server = await start(forward_auth_secret=SECRET)
        client = presented(server, key, await token(server, key))
        said = forwarded(X_Forward_Auth_Secret=SECRET)
        assert (await ask(server, client, said)).status_code == 200

    @pytest.mark.parametrize("secret", ["", "another secret of thirty-two chars", SECRET + "x"])
    async def test_a_wrong_secret_does_not(self, start: Start, key: DpopKey, secret: str) -> None:
        server = await start(forward_auth_secret=SECRET)
        client = presented(server, key, await token(server, key))
        answer = await ask(server, client, forwarded(X_Forward_Auth_Secret=secret))
        assert denied(answer, 403, "access_denied")

    async def test_what_a_trusted_proxy_says_of_addresses_makes_nobody_trusted(
        self, start: Start, key: DpopKey
    ) -> None:
        server = await start(forward_auth_proxies="192.0.2.7", trusted_proxies="127.0.0.1")
        client = presented(server, key, await token(server, key))
        answer = await ask(server, client, forwarded(X_Forwarded_For="192.0.2.7"))
        assert denied(answer, 403, "access_denied")

    async def test_a_trusted_proxy_stays_one_whomever_it_speaks_for(
        self, start: Start, key: DpopKey
    ) -> None:
        server = await start(forward_auth_proxies="127.0.0.1", trusted_proxies="127.0.0.1")
        client = presented(server, key, await token(server, key))
        answer = await ask(server, client, forwarded(X_Forwarded_For="203.0.113.9"))
        assert answer.status_code == 200


class TestWhoMayPass:
    async def test_a_good_request_passes_and_the_api_is_told_who_asks(
        self, server: Server, key: DpopKey
    ) -> None:
        answer = await ask(server, presented(server, key, await token(server, key)))
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["cache-control"] == "no-store"
        said = {name: value for name, value in answer.headers.items() if "holdfast" in name}
        assert said == {
            "x-holdfast-subject": "web",
            "x-holdfast-client-id": "web",
            "x-holdfast-scope": "read",
            "x-holdfast-jkt": key.jkt,
            "x-holdfast-acr": "",
            "x-holdfast-auth-time": "",
            "x-holdfast-actor": "",
        }

    async def test_no_token_is_asked_for_one(self, server: Server) -> None:
        answer = await ask(server, [])
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("DPoP algs=")

    @pytest.mark.parametrize(
        ("claims", "check"),
        [
            ({"htm": "POST"}, "htm"),
            ({"htu": "https://api.example/orders/8"}, "htu"),
            ({"htu": "http://127.0.0.1:8000/forward-auth"}, "htu"),
            ({"ath": s256("another token")}, "ath"),
        ],
    )
    async def test_a_proof_is_for_the_request_that_the_client_made(
        self, server: Server, key: DpopKey, claims: dict[str, Any], check: str
    ) -> None:
        answer = await ask(server, presented(server, key, await token(server, key), **claims))
        assert denied(answer, 401, "invalid_dpop_proof")
        assert answer.json()["dpop"]["check"] == check

    async def test_another_key_opens_nothing(
        self, server: Server, key: DpopKey, other_key: DpopKey
    ) -> None:
        answer = await ask(server, presented(server, other_key, await token(server, key)))
        assert denied(answer, 401, "invalid_token")

    async def test_a_proof_is_good_for_one_request(self, server: Server, key: DpopKey) -> None:
        client = presented(server, key, await token(server, key))
        answers = await asyncio.gather(*(ask(server, client) for _ in range(5)))
        assert sorted(each.status_code for each in answers) == [200, 401, 401, 401, 401]

    async def test_a_malformed_request_is_401_for_nginx_knows_no_400(
        self, server: Server, key: DpopKey
    ) -> None:
        client = presented(server, key, await token(server, key))
        answer = await ask(server, [client[0], *client])
        assert denied(answer, 401, "invalid_request")

    async def test_a_challenge_brings_the_nonce_for_the_proxy_to_pass_on(
        self, start: Start, key: DpopKey
    ) -> None:
        server = await start(forward_auth_proxies="127.0.0.1")
        access_token = await token(server, key)
        answer = await ask(server, presented(server, key, access_token, iat=1))
        assert denied(answer, 401, "use_dpop_nonce")
        nonce = answer.headers["dpop-nonce"]
        again = await ask(server, presented(server, key, access_token, iat=1, nonce=nonce))
        assert again.status_code == 200
        assert again.headers["dpop-nonce"]

    async def test_a_revoked_token_opens_nothing(self, server: Server, key: DpopKey) -> None:
        access_token = await token(server, key)
        await server.change(WEB, disabled=True)
        answer = await ask(server, presented(server, key, access_token))
        assert denied(answer, 401, "invalid_token")

    async def test_a_database_out_of_reach_is_503(self, server: Server, key: DpopKey) -> None:
        client = presented(server, key, await token(server, key))
        await server.parts.database.close()
        database = server.settings.data_dir / "holdfast.db"
        database.unlink()
        database.mkdir()
        answer = await ask(server, client)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


class TestTheResource:
    async def test_a_token_for_one_api_does_not_open_another(
        self, server: Server, key: DpopKey
    ) -> None:
        url = "https://files.example/a"
        client = presented(server, key, await token(server, key), url)
        assert denied(await ask(server, client, forwarded(url)), 401, "invalid_token")

    async def test_the_longest_prefix_is_the_resource(self, server: Server, key: DpopKey) -> None:
        await server.add(NESTED)
        url = "https://api.example/admin/users"
        outer = presented(server, key, await token(server, key), url)
        assert denied(await ask(server, outer, forwarded(url)), 401, "invalid_token")
        inner = presented(server, key, await token(server, key, NESTED.uri), url)
        assert (await ask(server, inner, forwarded(url))).status_code == 200

    async def test_a_prefix_ends_where_a_segment_does(self, server: Server, key: DpopKey) -> None:
        await server.add(NESTED)
        url = "https://api.example/administrators"
        client = presented(server, key, await token(server, key), url)
        assert (await ask(server, client, forwarded(url))).status_code == 200

    @pytest.mark.parametrize(
        "url", ["https://other.example/", "http://api.example/", "https://api.example:8443/"]
    )
    async def test_where_no_resource_is_registered_nothing_passes(
        self, server: Server, key: DpopKey, url: str
    ) -> None:
        client = presented(server, key, await token(server, key), url)
        assert denied(await ask(server, client, forwarded(url)), 403, "access_denied")

    @pytest.mark.parametrize(
        "path",
        ["/a/../admin", "/a/%2e%2E/admin", "/a/..%2fadmin", "//admin", "/a/..;x/admin", "/a/..%5c"],
    )
    async def test_a_path_that_not_all_read_alike_opens_nothing(
        self, server: Server, key: DpopKey, path: str
    ) -> None:
        url = "https://api.example" + path
        client = presented(server, key, await token(server, key), url)
        said = forwarded(X_Forwarded_Uri=path)
        assert denied(await ask(server, client, said), 403, "access_denied")

    async def test_a_token_with_none_of_the_scopes_of_the_resource_opens_nothing(
        self, server: Server, key: DpopKey
    ) -> None:
        access_token = await token(server, key)
        await server.remove(API)
        await server.add(dataclasses.replace(API, scopes=frozenset({"other"})))
        answer = await ask(server, presented(server, key, access_token))
        assert denied(answer, 403, "insufficient_scope")

    async def test_a_scope_that_the_proxy_asks_for_is_needed(
        self, server: Server, key: DpopKey
    ) -> None:
        access_token = await token(server, key)
        passed = await ask(server, presented(server, key, access_token), query="?scope=read")
        assert passed.status_code == 200
        answer = await ask(server, presented(server, key, access_token), query="?scope=read+write")
        assert denied(answer, 403, "insufficient_scope")
        assert 'scope="read write"' in answer.headers["www-authenticate"]


class TestWhatTheProxySays:
    @pytest.mark.parametrize("name", ["Method", "Proto", "Host", "Uri"])
    async def test_nothing_may_be_missing(self, server: Server, key: DpopKey, name: str) -> None:
        client = presented(server, key, await token(server, key))
        missing: dict[str, str | None] = {f"X_Forwarded_{name}": None}
        answer = await ask(server, client, forwarded(ORDERS, "GET", **missing))
        assert denied(answer, 403, "access_denied")
        assert f"X-Forwarded-{name}" in answer.json()["error_description"]

    @pytest.mark.parametrize("name", ["Method", "Proto", "Host", "Uri"])
    async def test_what_a_client_added_is_refused(
        self, server: Server, key: DpopKey, name: str
    ) -> None:
        client = presented(server, key, await token(server, key))
        own = (f"X-Forwarded-{name}", forwarded()[f"X-Forwarded-{name}"])
        assert denied(await ask(server, [*client, own]), 403, "access_denied")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("Proto", "ftp"),
            ("Proto", "https, http"),
            ("Host", "api.example/x"),
            ("Host", "a@api.example"),
            ("Host", "api.example, other"),
            ("Method", "GET /"),
            ("Uri", "orders/7"),
            ("Uri", "https://api.example/orders/7"),
        ],
    )
    async def test_what_is_not_clear_is_refused(
        self, server: Server, key: DpopKey, name: str, value: str
    ) -> None:
        client = presented(server, key, await token(server, key))
        said = forwarded(**{f"X_Forwarded_{name}": value})
        assert denied(await ask(server, client, said), 403, "access_denied")

    @pytest.mark.parametrize("proto", ["wss", "HTTPS"])
    async def test_a_websocket_handshake_is_a_get_request(
        self, server: Server, key: DpopKey, proto: str
    ) -> None:
        client = presented(server, key, await token(server, key))
        assert (await ask(server, client, forwarded(X_Forwarded_Proto=proto))).status_code == 200

    async def test_envoy_asks_with_the_method_path_and_host_of_the_request(
        self, server: Server, key: DpopKey
    ) -> None:
        client = presented(server, key, await token(server, key), htm="POST")
        headers = [*client, ("Host", "api.example"), ("X-Forwarded-Proto", "https")]
        answer = await server.http.post("/forward-auth/orders/7?full=1", headers=headers)
        assert answer.status_code == 200
        assert answer.headers["x-holdfast-subject"] == "web"

    async def test_another_method_on_the_endpoint_itself_is_405(self, server: Server) -> None:
        assert (await server.http.post("/forward-auth")).status_code == 405
