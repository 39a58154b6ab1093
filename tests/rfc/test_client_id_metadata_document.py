"""Clients whose client_id is a URL (draft-ietf-oauth-client-id-metadata-document)."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.management.client_rules import Policy
from app.management.clients import ClientManagement
from app.telemetry.audit import EventKind
from tests.answers import issued, refused
from tests.builders import ISSUER, DpopKey
from tests.conftest import Start
from tests.harness import CLIENT_KEY, SECRET, SPA, VERIFIER, WEB, Server, asserted
from tests.person import ADA, Person, answer_of
from tests.unit.oauth.token_server import basic, claims_of
from tests.web_host import Authority, WebHost, answer, make_authority, web_host

BACK = "https://client.example/callback"
ON = {
    "client_id_metadata_documents": True,
    "client_id_metadata_scopes": "read,write",
    "outbound_networks": "127.0.0.0/8",
}


def document(url: str, /, **changes: Any) -> dict[str, Any]:
    """Return a valid document but for the changes; what is None is left out."""
    valid = {
        "client_id": url,
        "client_name": "Claudia's notes",
        "redirect_uris": [BACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "scope": "read write",
        **changes,
    }
    return {name: value for name, value in valid.items() if value is not None}


@pytest.fixture
async def host() -> AsyncIterator[WebHost]:
    """The client's own web server, with a document at /client."""
    async with web_host() as host:
        host.answers["/client"] = answer(document(host.url("/client")))
        yield host


@pytest.fixture
def url(host: WebHost) -> str:
    return host.url("/client")


@pytest.fixture
async def server(start: Start) -> Server:
    server = await start(**ON)
    await server.add(ADA)
    return server


@pytest.fixture
def person(server: Server) -> Person:
    return Person(server.http)


def publish(host: WebHost, /, **changes: Any) -> str:
    """Change what the host says of its client, and return its client_id."""
    url = host.url("/client")
    host.answers["/client"] = answer(document(url, **changes))
    return url


async def redeem(
    server: Server, url: str, code: str, key: DpopKey, **fields: Any
) -> dict[str, Any]:
    form = {
        "client_id": url,
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
        **fields,
    }
    return issued(await server.post(form, [("DPoP", server.proof(key))]))


async def shown(person: Person, url: str, status: int = 400, **changes: str | None) -> str:
    """Assert that the request is refused on a page, and return the page."""
    page = await person.authorize(client_id=url, redirect_uri=BACK, **changes)
    assert page.status_code == status, page.text
    assert page.headers["content-type"].startswith("text/html")
    return page.text.replace("&#39;", "'")


class TestSignIn:
    async def test_a_person_signs_in_to_a_client_that_nobody_registered(
        self, server: Server, person: Person, url: str, key: DpopKey
    ) -> None:
        answered = await person.code(client_id=url, redirect_uri=BACK)
        tokens = await redeem(server, url, answered["code"], key)
        claims = claims_of(tokens["access_token"])
        assert (claims["client_id"], claims["cnf"]) == (url, {"jkt": key.jkt})
        refreshed = await server.post(
            {
                "client_id": url,
                "grant_type": "refresh_token",
                "refresh_token": tokens["refresh_token"],
            },
            [("DPoP", server.proof(key))],
        )
        issued(refreshed)

    async def test_the_document_is_read_once_for_a_whole_flow(
        self, server: Server, person: Person, url: str, key: DpopKey, host: WebHost
    ) -> None:
        answered = await person.code(client_id=url, redirect_uri=BACK)
        await redeem(server, url, answered["code"], key)
        assert len(host.requests) == 1

    async def test_what_it_did_is_in_the_audit_log_under_its_url(
        self, server: Server, person: Person, url: str, key: DpopKey
    ) -> None:
        answered = await person.code(client_id=url, redirect_uri=BACK)
        await redeem(server, url, answered["code"], key)
        kinds = {event.kind for event in await server.audit() if event.client_id == url}
        assert {EventKind.CONSENT_GIVEN, EventKind.TOKEN_ISSUED} <= kinds

    async def test_the_longest_client_id_goes_all_the_way(
        self, server: Server, person: Person, host: WebHost, key: DpopKey
    ) -> None:
        path = "/" + "c" * (256 - len(host.url("/")))
        url = host.url(path)
        assert len(url) == 256
        host.answers[path] = answer(document(url))
        answered = await person.code(client_id=url, redirect_uri=BACK)
        assert await redeem(server, url, answered["code"], key)

    async def test_the_person_is_shown_the_host_and_the_name_it_gives_itself(
        self, person: Person, host: WebHost, url: str
    ) -> None:
        asked = await person.authorize(client_id=url, redirect_uri=BACK)
        page = await person.follow(await person.sign_in(await person.follow(asked)))
        consent = await person.follow(page) if page.status_code == 303 else page
        text = consent.text.replace("&#39;", "'")
        assert f'<h1 class="long">Allow the app of {host.authority}?</h1>' in text
        assert f'<strong class="long">{host.authority}</strong>' in text
        assert "Claudia's notes" in text

    async def test_consent_is_remembered_and_can_be_taken_back(
        self, server: Server, person: Person, url: str, key: DpopKey
    ) -> None:
        await person.code(client_id=url, redirect_uri=BACK)
        again = await person.authorize(client_id=url, redirect_uri=BACK)
        assert "code" in answer_of(again)
        tokens = await redeem(server, url, answer_of(again)["code"], key)
        account = await person.open("/account")
        assert "Claudia&#39;s notes" in account.text
        assert url in account.text
        await person.submit(account, client_id=url)
        refused(
            await server.post(
                {
                    "client_id": url,
                    "grant_type": "refresh_token",
                    "refresh_token": tokens["refresh_token"],
                },
                [("DPoP", server.proof(key))],
            ),
            "invalid_grant",
        )

    async def test_it_pushes_its_request_as_any_client(
        self, server: Server, person: Person, url: str
    ) -> None:
        pushed = await server.http.post(
            "/par",
            data={
                "client_id": url,
                "response_type": "code",
                "redirect_uri": BACK,
                "scope": "read",
                "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
                "code_challenge_method": "S256",
            },
        )
        assert pushed.status_code == 201, pushed.text
        opened = await person.open(
            f"/authorize?client_id={url}&request_uri={pushed.json()['request_uri']}"
        )
        assert opened.headers["location"].startswith("/login")

    async def test_a_client_with_keys_of_its_own_authenticates_with_them(
        self, server: Server, person: Person, host: WebHost, key: DpopKey
    ) -> None:
        url = publish(
            host, token_endpoint_auth_method="private_key_jwt", jwks_uri=host.url("/jwks")
        )
        host.answers["/jwks"] = answer({"keys": [CLIENT_KEY.public_jwk]})
        answered = await person.code(client_id=url, redirect_uri=BACK)
        code = answered["code"]
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        anybody = {**form, "client_id": url, "redirect_uri": BACK}
        proof = [("DPoP", server.proof(key))]
        refused(await server.post(anybody, proof), "invalid_client", status=401)
        itself = {**form, "redirect_uri": BACK, **asserted(CLIENT_KEY.assertion(url))}
        issued(await server.post(itself, [("DPoP", server.proof(key))]))

    async def test_it_may_be_a_device(
        self, server: Server, person: Person, host: WebHost, key: DpopKey
    ) -> None:
        device = "urn:ietf:params:oauth:grant-type:device_code"
        url = publish(host, grant_types=["authorization_code", device])
        asked = await server.http.post("/device_authorization", data={"client_id": url})
        assert asked.status_code == 200, asked.text
        codes = asked.json()
        entered = await person.open(f"/device?user_code={codes['user_code']}")
        page = await person.sign_in(await person.follow(entered))
        shown_page = await person.follow(page)
        confirm = await person.submit(shown_page)
        assert f"Allow the app of {host.authority} on a device?" in confirm.text
        assert (await person.decide(confirm)).status_code in {200, 303}
        form = {"client_id": url, "grant_type": device, "device_code": codes["device_code"]}
        issued(await server.post(form, [("DPoP", server.proof(key))]))


class TestClientIdentifier:
    @pytest.mark.parametrize(
        ("client_id", "told"),
        [
            ("https://client.example", "has no path"),
            ("https://client.example/a/../b", "'.' or '..'"),
            ("https://client.example/./b", "'.' or '..'"),
            ("https://client.example/%2e%2E/b", "'.' or '..'"),
            ("https://client.example/a#b", "fragment"),
            ("https://me@client.example/a", "user name"),
            ("https://me:secret@client.example/a", "user name"),
            ("http://client.example/a", "must use https"),
            ("https://client.example:0/a", "no host name"),
            ("https:///a", "no host name"),
        ],
    )
    async def test_a_url_that_no_client_may_go_by_is_refused(
        self, person: Person, client_id: str, told: str
    ) -> None:
        assert told in await shown(person, client_id)

    async def test_a_longer_client_id_is_refused(self, person: Person, host: WebHost) -> None:
        await shown(person, host.url("/" + "c" * 256))

    async def test_without_the_setting_a_url_is_a_client_that_nobody_knows(
        self, start: Start, url: str, host: WebHost
    ) -> None:
        server = await start(outbound_networks="127.0.0.0/8")
        assert "no such client is registered" in await shown(Person(server.http), url)
        assert host.requests == []

    async def test_only_hosts_that_the_setting_names_are_asked(
        self, start: Start, url: str, host: WebHost
    ) -> None:
        server = await start(**ON, client_id_metadata_hosts="client.example,*.apps.example")
        person = Person(server.http)
        assert "are not taken here" in await shown(person, url)
        assert "are not taken here" in await shown(person, "https://apps.example/client")
        assert host.requests == []
        allowed = await start(**ON, client_id_metadata_hosts="127.0.0.1")
        opened = await Person(allowed.http).authorize(client_id=url, redirect_uri=BACK)
        assert opened.headers["location"].startswith("/login")

    async def test_a_document_on_a_private_address_is_never_asked_for(
        self, start: Start, host: WebHost
    ) -> None:
        server = await start(client_id_metadata_documents=True)
        url = host.url("/client").replace("http:", "https:")
        assert "no address on the public internet" in await shown(Person(server.http), url)
        # Nor for a network that is there for the keys of registered clients.
        inner = await start(client_id_metadata_documents=True, outbound_networks="10.0.0.0/8")
        told = await shown(Person(inner.http), "https://10.0.0.1/client")
        assert "no address on the public internet" in told
        assert host.requests == []


class TestDocument:
    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"client_id": None}, "client_id in the document"),
            ({"client_id": "https://other.example/client"}, "https://other.example/client"),
            ({"client_secret": "s3cret"}, "client_secret in the document"),
            ({"client_secret_expires_at": 0}, "client_secret_expires_at in the document"),
            ({"token_endpoint_auth_method": "client_secret_basic"}, "none, private_key_jwt"),
            ({"token_endpoint_auth_method": "client_secret_post"}, "none, private_key_jwt"),
            ({"token_endpoint_auth_method": "client_secret_jwt"}, "none, private_key_jwt"),
            ({"token_endpoint_auth_method": "private_key_jwt"}, "jwks in the document"),
            ({"redirect_uris": None}, "redirect_uris in the document"),
            ({"redirect_uris": ["http://client.example/cb"]}, "redirect_uris in the document"),
            ({"redirect_uris": "https://client.example/cb"}, "array of strings"),
            ({"grant_types": ["client_credentials"]}, "grant_types in the document"),
            ({"client_name": "evil\u202egnp"}, "client_name in the document"),
            (
                {
                    "jwks": {"keys": []},
                    "jwks_uri": "https://client.example/jwks",
                    "token_endpoint_auth_method": "private_key_jwt",
                },
                "received both",
            ),
        ],
    )
    async def test_a_document_that_breaks_a_rule_is_refused_with_the_reason(
        self, person: Person, host: WebHost, changes: dict[str, Any], told: str
    ) -> None:
        url = publish(host, **changes)
        page = await shown(person, url)
        assert "no client could be read" in page
        assert told in page

    @pytest.mark.parametrize("body", [b"", b"[]", b'"text"', b'{"a": 1, "a": 2}', b"\xff{}"])
    async def test_what_is_no_json_object_is_refused(
        self, person: Person, host: WebHost, url: str, body: bytes
    ) -> None:
        host.answers["/client"] = answer(body)
        assert "no JSON object" in await shown(person, url)

    async def test_a_document_of_more_than_five_kilobytes_is_refused(
        self, person: Person, host: WebHost
    ) -> None:
        url = publish(host, software_id="s" * 5120)
        assert "longer than 5120 bytes" in await shown(person, url)

    async def test_a_redirect_is_not_followed(
        self, person: Person, host: WebHost, url: str
    ) -> None:
        host.answers["/client"] = answer({}, "302 Found", Location=host.url("/other"))
        host.answers["/other"] = answer(document(url))
        assert "redirects are not followed" in await shown(person, url)

    async def test_the_token_endpoint_says_the_same_in_json(
        self, server: Server, host: WebHost, url: str, key: DpopKey
    ) -> None:
        host.answers["/client"] = answer({}, "404 Not Found")
        form = {"client_id": url, "grant_type": "refresh_token", "refresh_token": "hf_rt_x"}
        answered = await server.post(form, [("DPoP", server.proof(key))])
        assert "answered 404" in refused(answered, "invalid_client", status=401)

    async def test_a_host_that_is_down_is_told_as_passing(
        self, server: Server, person: Person, host: WebHost, url: str, key: DpopKey
    ) -> None:
        host.answers["/client"] = answer({}, "503 Down")
        assert "answered 503" in await shown(person, url, status=503)
        form = {"client_id": url, "grant_type": "refresh_token", "refresh_token": "hf_rt_x"}
        answered = await server.post(form, [("DPoP", server.proof(key))])
        refused(answered, "temporarily_unavailable", status=503)

    async def test_a_corrected_document_is_read_after_ten_seconds(
        self, server: Server, person: Person, host: WebHost
    ) -> None:
        url = publish(host, redirect_uris=[])
        await shown(person, url)
        publish(host)
        await shown(person, url)
        assert len(host.requests) == 1
        server.clock.advance(10)
        opened = await person.authorize(client_id=url, redirect_uri=BACK)
        assert opened.headers["location"].startswith("/login")

    async def test_a_redirect_uri_that_was_taken_out_is_refused_once_the_document_is_old(
        self, server: Server, person: Person, host: WebHost, url: str
    ) -> None:
        await person.authorize(client_id=url, redirect_uri=BACK)
        publish(host, redirect_uris=["https://client.example/other"])
        server.clock.advance(300)
        assert "not registered for this client" in await shown(person, url)

    async def test_a_native_app_may_come_back_to_any_port_of_loopback(
        self, person: Person, host: WebHost
    ) -> None:
        url = publish(host, redirect_uris=["http://127.0.0.1/cb", "https://client.example/cb"])
        back = "http://127.0.0.1:54321/cb"
        opened = await person.authorize(client_id=url, redirect_uri=back)
        assert opened.headers["location"].startswith("/login")

    async def test_a_document_without_a_name_is_called_by_its_host(
        self, person: Person, host: WebHost
    ) -> None:
        url = publish(host, client_name=None)
        opened = await person.authorize(client_id=url, redirect_uri=BACK)
        assert opened.headers["location"].startswith("/login")


class TestTerms:
    async def test_it_gets_no_scope_that_the_setting_does_not_name(
        self, person: Person, host: WebHost
    ) -> None:
        url = publish(host, scope="read admin")
        for scope in ("admin", "write"):
            sent = answer_of(await person.authorize(client_id=url, redirect_uri=BACK, scope=scope))
            assert sent["error"] == "invalid_scope"

    async def test_a_document_that_names_no_scope_may_ask_for_all_of_them(
        self, person: Person, host: WebHost
    ) -> None:
        url = publish(host, scope=None)
        opened = await person.authorize(client_id=url, redirect_uri=BACK, scope="read write")
        assert opened.headers["location"].startswith("/login")

    async def test_a_document_whose_scopes_are_all_unknown_here_may_ask_for_none(
        self, person: Person, host: WebHost
    ) -> None:
        url = publish(host, scope="admin")
        sent = answer_of(await person.authorize(client_id=url, redirect_uri=BACK, scope="read"))
        assert sent["error"] == "invalid_scope"

    async def test_its_tokens_are_bound_to_a_key_whatever_it_and_the_settings_say(
        self, start: Start, host: WebHost
    ) -> None:
        server = await start(**ON, allow_bearer=True)
        url = publish(host, dpop_bound_access_tokens=False)
        form = {"client_id": url, "grant_type": "refresh_token", "refresh_token": "hf_rt_x"}
        answered = await server.post(form)
        assert answered.json()["error"] == "invalid_dpop_proof"

    @pytest.mark.parametrize("grant_type", ["client_credentials", "implicit"])
    async def test_grants_that_are_not_for_strangers_are_left_out(
        self, server: Server, host: WebHost, key: DpopKey, grant_type: str
    ) -> None:
        url = publish(host, grant_types=["authorization_code", grant_type])
        form = {"client_id": url, "grant_type": grant_type}
        answered = await server.post(form, [("DPoP", server.proof(key))])
        assert answered.json()["error"] in {"unauthorized_client", "unsupported_grant_type"}

    async def test_keys_that_it_does_not_use_here_do_no_harm(
        self, person: Person, host: WebHost
    ) -> None:
        url = publish(host, jwks={"keys": [CLIENT_KEY.public_jwk]})
        opened = await person.authorize(client_id=url, redirect_uri=BACK)
        assert opened.headers["location"].startswith("/login")


class TestBlocking:
    @staticmethod
    def management(server: Server) -> ClientManagement:
        policy = Policy(on_loopback=True)
        return ClientManagement(server.parts.database, server.clock, policy, actor="cli")

    async def test_a_blocked_client_is_let_in_nowhere_though_its_document_is_known(
        self, server: Server, person: Person, url: str, key: DpopKey
    ) -> None:
        answered = await person.code(client_id=url, redirect_uri=BACK)
        tokens = await redeem(server, url, answered["code"], key)
        await self.management(server).block(url)
        assert "no such client is registered" in await shown(person, url)
        form = {"client_id": url, "grant_type": "refresh_token"}
        form["refresh_token"] = tokens["refresh_token"]
        answer_now = await server.post(form, [("DPoP", server.proof(key))])
        refused(answer_now, "invalid_client", status=401)
        assert not await is_active(server, tokens["access_token"])

    async def test_a_blocked_client_is_let_in_again_when_its_row_is_deleted(
        self, server: Server, person: Person, url: str
    ) -> None:
        await self.management(server).block(url)
        await self.management(server).block(url)
        await self.management(server).delete(url)
        opened = await person.authorize(client_id=url, redirect_uri=BACK)
        assert opened.headers["location"].startswith("/login")

    async def test_blocking_is_in_the_audit_log(self, server: Server, url: str) -> None:
        await self.management(server).block(url)
        [event] = [each for each in await server.audit() if each.client_id == url]
        assert event.kind is EventKind.CLIENT_CREATED
        assert event.details == {"actor": "cli", "type": "blocked"}

    async def test_a_client_that_is_registered_under_its_url_is_what_was_registered(
        self, server: Server, person: Person, url: str, host: WebHost
    ) -> None:
        await server.change(SPA, client_id=url)
        opened = await person.authorize(client_id=url)
        assert opened.headers["location"].startswith("/login")
        assert host.requests == []


async def is_active(server: Server, token: str) -> bool:
    """Ask /introspect in the name of the resource server that the token is for."""
    asker = await server.change(WEB, client_id="asker", resource_uris=(ISSUER,))
    fields, headers = {"token": token}, [("Authorization", basic(asker.client_id, SECRET))]
    response = await server.http.post("/introspect", data=fields, headers=headers)
    assert response.status_code == 200, response.text
    return bool(response.json()["active"])


class TestOutages:
    async def test_a_token_stays_good_while_the_host_of_its_client_is_down(
        self, server: Server, person: Person, url: str, key: DpopKey, host: WebHost
    ) -> None:
        answered = await person.code(client_id=url, redirect_uri=BACK)
        tokens = await redeem(server, url, answered["code"], key)
        host.answers["/client"] = answer({}, "503 Down")
        server.clock.advance(200)
        asked = len(host.requests)
        assert await is_active(server, tokens["access_token"])
        assert len(host.requests) == asked


class TestMetadata:
    async def test_the_metadata_says_that_urls_are_taken(self, server: Server) -> None:
        said = (await server.http.get("/.well-known/oauth-authorization-server")).json()
        assert said["client_id_metadata_document_supported"] is True

    async def test_and_says_nothing_of_it_where_they_are_not(self, start: Start) -> None:
        server = await start()
        said = (await server.http.get("/.well-known/oauth-authorization-server")).json()
        assert "client_id_metadata_document_supported" not in said


class TestPages:
    async def test_a_page_of_the_client_may_call_the_token_endpoint_and_others_may_not(
        self, server: Server, url: str, key: DpopKey
    ) -> None:
        preflight = {"Origin": "https://client.example", "Access-Control-Request-Method": "POST"}
        allowed = await server.http.options("/token", headers=preflight)
        assert allowed.status_code == 204
        assert allowed.headers["Access-Control-Allow-Origin"] == "https://client.example"
        form = {"client_id": url, "grant_type": "refresh_token", "refresh_token": "hf_rt_x"}
        for origin, error in [
            ("https://client.example", "invalid_grant"),
            ("https://other.example", "unauthorized_client"),
        ]:
            answered = await server.post(form, [("DPoP", server.proof(key)), ("Origin", origin)])
            assert answered.json()["error"] == error

    async def test_pages_on_other_hosts_than_the_settings_name_may_not(self, start: Start) -> None:
        server = await start(**ON, client_id_metadata_hosts="client.example")
        for origin, status in [("https://client.example", 204), ("https://other.example", 403)]:
            headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            preflight: httpx.Response = await server.http.options("/token", headers=headers)
            assert preflight.status_code == status


class TestHttps:
    @pytest.fixture
    def authority(self, tmp_path_factory: pytest.TempPathFactory) -> Authority:
        return make_authority(tmp_path_factory.mktemp("authority"))

    async def test_a_client_behind_tls_that_the_machine_trusts_is_taken(
        self, start: Start, authority: Authority, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server = await start(**ON)
        async with web_host(tls=authority.server("127.0.0.1")) as host:
            host.answers["/client"] = answer(document(host.url("/client")))
            assert "certificate" in await shown(Person(server.http), host.url("/client"), 503)
            monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
            trusting = Person((await start(**ON)).http)
            opened = await trusting.authorize(client_id=host.url("/client"), redirect_uri=BACK)
            assert opened.headers["location"].startswith("/login")
