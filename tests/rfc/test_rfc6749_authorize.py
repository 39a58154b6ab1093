"""The authorization endpoint over HTTP (RFC 6749 §3.1, §4.1.1, §4.1.2) and its pages."""

import dataclasses
from urllib.parse import urlencode

import httpx
import pytest

from app.oauth.client import ApplicationType
from app.telemetry.audit import EventKind
from tests.builders import ISSUER, DpopKey, s256
from tests.conftest import Start
from tests.harness import API, REDIRECT_URI, SPA, Server
from tests.person import ADA, PASSWORD, REQUEST, Person, answer_of, forms_of

NATIVE = dataclasses.replace(
    SPA,
    client_id="native",
    client_name="A native app",
    application_type=ApplicationType.NATIVE,
    redirect_uris=("http://127.0.0.1/callback", "com.example.app:/callback"),
)


@pytest.fixture
async def person(server: Server) -> Person:
    await server.add(ADA, NATIVE)
    return Person(server.http)


def is_page(response: httpx.Response, status: int) -> bool:
    return (
        response.status_code == status
        and response.headers["content-type"] == "text/html; charset=utf-8"
        and "location" not in response.headers
    )


def refused(response: httpx.Response, error: str) -> dict[str, str]:
    """Assert an error sent back to the client, and return the answer's parameters."""
    assert response.headers["location"].startswith(REDIRECT_URI + "?")
    answer = answer_of(response)
    assert answer["error"] == error, answer
    assert answer["iss"] == ISSUER
    assert "code" not in answer
    return answer


@pytest.mark.rfc("6749", "4.1.2")
class TestTheWholeFlow:
    async def test_sign_in_and_consent_lead_to_a_code_with_state_and_iss(
        self, person: Person
    ) -> None:
        sign_in = await person.authorize()
        assert sign_in.headers["location"].startswith("/login?return_to=%2Fauthorize%3F")
        consent = await person.follow(await person.sign_in(await person.follow(sign_in)))
        assert consent.headers["location"].startswith("/consent?")
        page = await person.follow(consent)
        assert SPA.client_name in page.text
        assert "<code>read</code>" in page.text
        answered = await person.decide(page)
        assert answered.headers["location"].startswith(REDIRECT_URI + "?")
        answer = answer_of(answered)
        assert answer.keys() == {"code", "state", "iss"}
        assert answer["state"] == REQUEST["state"]

    async def test_the_code_is_good_for_a_token(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        code = (await person.code(resource=API.uri))["code"]
        response = await server.redeem(code, key)
        assert response.status_code == 200, response.text
        assert response.json()["scope"] == "read"

    @pytest.mark.rfc("9449", "10")
    async def test_dpop_jkt_binds_the_code(
        self, server: Server, person: Person, key: DpopKey, other_key: DpopKey
    ) -> None:
        code = (await person.code(dpop_jkt=key.jkt))["code"]
        assert (await server.redeem(code, other_key)).json()["error"] == "invalid_grant"
        assert (await server.redeem(code, key)).status_code == 200

    async def test_without_state_none_comes_back(self, person: Person) -> None:
        assert (await person.code(state=None)).keys() == {"code", "iss"}

    @pytest.mark.rfc("6749", "3.1.2")
    async def test_the_query_of_the_redirect_uri_is_kept(
        self, server: Server, person: Person
    ) -> None:
        uri = REDIRECT_URI + "?tenant=a%2Fb"
        await server.change(SPA, redirect_uris=(uri,))
        answer = await person.code(redirect_uri=uri)
        assert answer["tenant"] == "a/b"
        assert answer["code"]

    @pytest.mark.rfc("6749", "3.1")
    async def test_the_request_may_be_posted_from_another_site(self, person: Person) -> None:
        cross_site = {"Sec-Fetch-Site": "cross-site", "Origin": "https://client.example"}
        response = await person.http.post("/authorize", data=REQUEST, headers=cross_site)
        again = await person.follow(response)
        assert again.headers["location"].startswith("/login?")


@pytest.mark.rfc("6749", "4.1.2.1")
class TestErrorsBeforeTheRedirectUriIsTrusted:
    @pytest.mark.parametrize(
        "changes",
        [
            {"client_id": None},
            {"client_id": "unknown"},
            {"client_id": "é"},
            {"client_id": "x" * 300},
            {"redirect_uri": "https://evil.example/"},
            {"redirect_uri": REDIRECT_URI + "/"},
            {"redirect_uri": "javascript:alert(1)"},
            {"redirect_uri": "https://client.example/" + "x" * 3000},
        ],
    )
    async def test_they_show_a_page_and_never_redirect(
        self, person: Person, changes: dict[str, str | None]
    ) -> None:
        response = await person.authorize(changes)
        assert is_page(response, 400)
        assert "invalid_request" in response.text

    async def test_a_disabled_client_is_an_unknown_one(
        self, server: Server, person: Person
    ) -> None:
        await server.change(SPA, disabled=True)
        assert is_page(await person.authorize(), 400)

    @pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
    async def test_a_repeated_client_or_redirect_uri_shows_a_page(
        self, person: Person, name: str
    ) -> None:
        query = urlencode([*REQUEST.items(), (name, REQUEST[name])])
        assert is_page(await person.open(f"/authorize?{query}"), 400)

    async def test_an_error_page_escapes_what_it_shows(self, person: Person) -> None:
        response = await person.authorize(redirect_uri="https://x/<script>alert(1)</script>")
        assert "<script" not in response.text
        assert "&lt;script&gt;" in response.text

    @pytest.mark.parametrize(
        "query",
        ["", "%ff=%ff", "client_id=%ff", "client_id=%00", "&" * 500, "=", "client_id", "\\"],
    )
    async def test_whatever_the_query_holds_it_is_a_400(self, person: Person, query: str) -> None:
        assert is_page(await person.open(f"/authorize?{query}"), 400)

    @pytest.mark.parametrize(
        ("body", "content_type", "status"),
        [
            (b"{}", "application/json", 415),
            (b"client_id=%ff", "application/x-www-form-urlencoded", 400),
            (b"x=" + b"y" * 70_000, "application/x-www-form-urlencoded", 413),
            (b"x=" + b"y" * 40_000, "application/x-www-form-urlencoded", 400),
        ],
    )
    async def test_a_malformed_post_shows_a_page(
        self, person: Person, body: bytes, content_type: str, status: int
    ) -> None:
        headers = {"Content-Type": content_type}
        response = await person.http.post("/authorize", content=body, headers=headers)
        assert is_page(response, status)

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
    async def test_other_methods_are_not_allowed(self, person: Person, method: str) -> None:
        response = await person.http.request(method, "/authorize")
        assert response.status_code == 405
        assert {"GET", "POST"} <= set(response.headers["allow"].split(", "))


@pytest.mark.rfc("6749", "4.1.2.1")
class TestErrorsThatAreRedirected:
    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"response_type": None}, "invalid_request"),
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"response_mode": "fragment"}, "invalid_request"),
            ({"code_challenge": None}, "invalid_request"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"scope": "read admin"}, "invalid_scope"),
            ({"scope": "é"}, "invalid_request"),
            ({"resource": "https://unknown.example"}, "invalid_target"),
            ({"dpop_jkt": "short"}, "invalid_request"),
            ({"prompt": "none consent"}, "invalid_request"),
            ({"request_uri": "https://client.example/r"}, "request_uri_not_supported"),
            ({"prompt": "none"}, "login_required"),
        ],
    )
    async def test_they_reach_the_client_with_state_and_iss(
        self, person: Person, changes: dict[str, str | None], error: str
    ) -> None:
        answer = refused(await person.authorize(changes), error)
        assert answer["state"] == REQUEST["state"]
        assert '"' not in answer["error_description"]
        assert answer["error_description"].isascii()

    async def test_a_client_without_the_code_grant_is_unauthorized(
        self, server: Server, person: Person
    ) -> None:
        await server.change(SPA, grant_types=frozenset({"client_credentials"}))
        refused(await person.authorize(), "unauthorized_client")

    @pytest.mark.rfc("6749", "3.1")
    @pytest.mark.parametrize("name", ["scope", "state", "code_challenge", "nonce"])
    async def test_a_repeated_parameter_is_invalid(self, person: Person, name: str) -> None:
        query = urlencode([*REQUEST.items(), (name, "a"), (name, "b")])
        answer = refused(await person.open(f"/authorize?{query}"), "invalid_request")
        assert ("state" in answer) == (name != "state")

    async def test_the_refusal_is_in_the_audit_log(self, server: Server, person: Person) -> None:
        refused(await person.authorize(scope="admin"), "invalid_scope")
        event = (await server.audit())[-1]
        assert (event.kind, event.client_id) == (EventKind.REQUEST_REFUSED, SPA.client_id)
        assert event.details == {"endpoint": "authorize", "error": "invalid_scope"}


class TestConsent:
    async def test_it_is_remembered(self, person: Person) -> None:
        await person.code()
        answer = answer_of(await person.authorize())
        assert answer["code"]
        assert answer_of(await person.authorize(prompt="none"))["code"]

    @pytest.mark.parametrize(
        "changes", [{"scope": "read write"}, {"resource": API.uri}, {"prompt": "consent"}]
    )
    async def test_more_than_was_allowed_is_asked_again(
        self, person: Person, changes: dict[str, str]
    ) -> None:
        await person.code()
        response = await person.authorize(changes)
        assert response.headers["location"].startswith("/consent?")
        if "prompt" not in changes:
            refused(await person.authorize(prompt="none", **changes), "consent_required")

    @pytest.mark.rfc("8252", "8.6")
    @pytest.mark.parametrize("uri", ["http://127.0.0.1:4711/callback", "com.example.app:/callback"])
    async def test_a_native_client_is_asked_every_time(self, person: Person, uri: str) -> None:
        for _ in range(2):
            response = await person.authorize(client_id="native", redirect_uri=uri)
            if response.headers["location"].startswith("/login"):
                response = await person.follow(await person.sign_in(await person.follow(response)))
            page = await person.follow(response)
            assert "an app on this device" in page.text
            answered = await person.decide(page)
            assert answered.headers["location"].startswith(uri + "?code=")

    async def test_a_denial_reaches_the_client_and_is_not_remembered(
        self, server: Server, person: Person
    ) -> None:
        await person.sign_in()
        page = await person.follow(await person.authorize())
        refused(await person.decide(page, "deny"), "access_denied")
        assert (await person.authorize()).headers["location"].startswith("/consent?")
        assert EventKind.CONSENT_DENIED in {event.kind for event in await server.audit()}

    async def test_it_is_in_the_audit_log(self, server: Server, person: Person) -> None:
        await person.code()
        event = next(e for e in await server.audit() if e.kind is EventKind.CONSENT_GIVEN)
        assert (event.user_id, event.client_id) == (ADA.user_id, SPA.client_id)
        assert event.details == {"scope": "read"}

    async def test_what_was_edited_on_the_way_is_validated_again(self, person: Person) -> None:
        await person.sign_in()
        page = await person.follow(await person.authorize())
        form = forms_of(page)[0]
        for old, new, error in (
            ("scope=read", "scope=admin", "invalid_scope"),
            ("code_challenge_method=S256", "code_challenge_method=plain", "invalid_request"),
        ):
            response = await person.http.post(
                form.action.replace(old, new), data=form.fields | {"decision": "approve"}
            )
            refused(response, error)
        evil = form.action.replace("client.example", "evil.example")
        response = await person.http.post(evil, data=form.fields | {"decision": "approve"})
        assert is_page(response, 400)

    async def test_the_page_cannot_be_reached_around_the_sign_in(self, person: Person) -> None:
        response = await person.open(f"/consent?{urlencode(REQUEST)}")
        assert response.headers["location"].startswith("/login?return_to=%2Fauthorize%3F")

    @pytest.mark.parametrize("decision", ["", "maybe"])
    async def test_an_answer_is_either_yes_or_no(self, person: Person, decision: str) -> None:
        await person.sign_in()
        page = await person.follow(await person.authorize())
        assert is_page(await person.decide(page, decision), 400)

    async def test_a_revoked_permission_is_asked_for_again(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        code = (await person.code())["code"]
        tokens = (await server.redeem(code, key)).json()
        account = await person.open("/account")
        assert SPA.client_name in account.text
        revoked = await person.submit(account, client_id=SPA.client_id)
        assert SPA.client_name not in (await person.follow(revoked)).text
        assert (await person.authorize()).headers["location"].startswith("/consent?")
        refreshed = await server.refresh(tokens["refresh_token"], key)
        assert refreshed.json()["error"] == "invalid_grant"


class TestFreshSignIn:
    @pytest.mark.parametrize("changes", [{"prompt": "login"}, {"max_age": "0"}, {"max_age": "60"}])
    async def test_it_is_asked_for_once_and_then_satisfied(
        self, server: Server, person: Person, changes: dict[str, str]
    ) -> None:
        before = await person.code()
        server.clock.advance(61)
        response = await person.authorize(changes)
        assert response.headers["location"].startswith("/login?")
        after = await person.follow(await person.sign_in(await person.follow(response)))
        assert answer_of(after)["code"] != before["code"]

    async def test_a_recent_sign_in_satisfies_max_age(self, server: Server, person: Person) -> None:
        await person.code()
        server.clock.advance(60)
        assert answer_of(await person.authorize(max_age="60"))["code"]

    async def test_prompt_none_with_an_old_sign_in_is_login_required(
        self, server: Server, person: Person
    ) -> None:
        await person.code()
        server.clock.advance(61)
        refused(await person.authorize(prompt="none", max_age="60"), "login_required")

    async def test_the_consent_page_holds_to_max_age_too(
        self, server: Server, person: Person
    ) -> None:
        await person.sign_in()
        page = await person.follow(await person.authorize(max_age="60"))
        server.clock.advance(61)
        response = await person.decide(page)
        assert response.headers["location"].startswith("/login?")


class TestSignInPage:
    async def test_it_names_the_client_that_asks(self, person: Person) -> None:
        page = await person.follow(await person.authorize(login_hint="ada@people.example"))
        assert SPA.client_name in page.text
        assert forms_of(page)[0].fields["email"] == "ada@people.example"

    async def test_a_wrong_password_and_an_unknown_address_look_alike(self, person: Person) -> None:
        wrong = await person.sign_in(password="not the password")
        unknown = await person.sign_in(email="eve@people.example")
        assert is_page(wrong, 400)
        assert is_page(unknown, 400)
        hide = [("ada@", "X@"), ("eve@", "X@")]
        texts = []
        for page in (wrong, unknown):
            text = page.text.replace(forms_of(page)[0].fields["csrf"], "")
            for old, new in hide:
                text = text.replace(old, new)
            texts.append(text)
        assert texts[0] == texts[1]
        assert 'role="alert"' in wrong.text
        assert 'aria-describedby="problem"' in wrong.text
        assert "not the password" not in wrong.text

    async def test_too_many_attempts_are_turned_away(self, person: Person) -> None:
        statuses = []
        for _ in range(12):
            last = await person.sign_in(email="eve@people.example")
            statuses.append(last.status_code)
        assert statuses == [400] * 10 + [429] * 2
        assert int(last.headers["retry-after"]) > 0

    @pytest.mark.parametrize(
        "return_to",
        [
            "",
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example/",
            "/authorize",
            "/authorize@evil.example/?",
            "/authorize/../?x",
            "/account@evil.example",
            "/accounts",
            "/account/%2e%2e//evil.example",
            "/account?\r\nSet-Cookie: a=b",
            "javascript:alert(1)",
            "/authorize?é",
        ],
    )
    async def test_it_leads_to_no_other_place(self, person: Person, return_to: str) -> None:
        page = await person.open(f"/login?{urlencode({'return_to': return_to})}")
        assert page.status_code == 200
        response = await person.sign_in(page)
        assert response.status_code == 303
        assert response.headers["location"] == "/account"

    async def test_the_cookie_is_new_at_every_sign_in(self, person: Person) -> None:
        await person.sign_in()
        first = person.http.cookies["holdfast_session"]
        page = await person.open("/login")
        await person.sign_in(page)
        second = person.http.cookies["holdfast_session"]
        assert first != second
        person.http.cookies.clear()
        person.http.cookies.set("holdfast_session", first, domain="127.0.0.1")
        assert (await person.open("/account")).status_code == 303

    async def test_signing_out_ends_the_session(self, person: Person) -> None:
        await person.sign_in()
        cookie = person.http.cookies["holdfast_session"]
        done = await person.follow(await person.submit(await person.open("/logout")))
        assert "signed out" in done.text
        assert "holdfast_session" not in person.http.cookies
        person.http.cookies.set("holdfast_session", cookie, domain="127.0.0.1")
        assert (await person.open("/account")).status_code == 303


class TestForms:
    async def test_a_sign_in_form_of_nobody_is_refused(self, person: Person) -> None:
        page = await person.open("/login")
        person.http.cookies.clear()
        response = await person.sign_in(page)
        assert is_page(response, 403)
        assert "holdfast_session" not in person.http.cookies

    async def test_a_sign_in_form_of_another_browser_is_refused(self, person: Person) -> None:
        theirs = await person.open("/login")
        person.http.cookies.clear()
        await person.open("/login")
        assert is_page(await person.sign_in(theirs), 403)

    @pytest.mark.parametrize("path", ["/account", "/logout", "/consent"])
    async def test_a_form_without_the_sessions_token_is_refused(
        self, person: Person, path: str
    ) -> None:
        await person.sign_in()
        target = f"{path}?{urlencode(REQUEST)}"
        for token in ("", "x", "é"):
            data = {"csrf": token, "decision": "approve", "client_id": "spa"}
            assert is_page(await person.http.post(target, data=data), 403)
        assert (await person.open("/account")).status_code == 200

    async def test_the_token_of_an_older_session_is_refused(self, person: Person) -> None:
        await person.sign_in()
        page = await person.follow(await person.authorize())
        await person.sign_in()
        assert is_page(await person.decide(page), 403)

    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
        ],
    )
    async def test_a_form_that_another_site_sent_is_refused(
        self, person: Person, headers: dict[str, str]
    ) -> None:
        page = await person.open("/login")
        form = forms_of(page)[0].fields | {"email": ADA.email, "password": PASSWORD}
        sent = {name: value for name, value in headers.items() if value}
        assert is_page(await person.http.post("/login", data=form, headers=sent), 403)

    async def test_a_browser_that_names_our_own_origin_is_let_in(self, person: Person) -> None:
        page = await person.open("/login")
        form = forms_of(page)[0].fields | {"email": ADA.email, "password": PASSWORD}
        response = await person.http.post("/login", data=form, headers={"Origin": ISSUER})
        assert response.status_code == 303

    @pytest.mark.parametrize("path", ["/login", "/logout", "/account", "/consent"])
    @pytest.mark.parametrize(
        ("body", "content_type", "status"),
        [
            (b"{}", "application/json", 415),
            (b"csrf=%ff", "application/x-www-form-urlencoded", 400),
            (b"csrf=a&csrf=b", "application/x-www-form-urlencoded", 400),
            (b"csrf=%00", "application/x-www-form-urlencoded", 400),
            (b"csrf=" + b"y" * 70_000, "application/x-www-form-urlencoded", 413),
        ],
    )
    async def test_a_malformed_form_is_a_page(
        self, person: Person, path: str, body: bytes, content_type: str, status: int
    ) -> None:
        await person.sign_in()
        headers = {"Content-Type": content_type}
        response = await person.http.post(path, content=body, headers=headers)
        assert is_page(response, status)

    @pytest.mark.parametrize(
        "cookie", ["x", '"', "\xff\xfe", "hf_ss_" + "a" * 43, "a" * 7000, ";;;=", "é"]
    )
    @pytest.mark.parametrize("name", ["holdfast_session", "holdfast_sign_in"])
    async def test_a_bad_cookie_is_nobodys(self, person: Person, name: str, cookie: str) -> None:
        headers = [(b"cookie", f"{name}={cookie}".encode("latin-1"))]
        account = await person.http.get("/account", headers=headers)
        assert account.headers["location"].startswith("/login?")
        assert (await person.http.get("/login", headers=headers)).status_code == 200


PAGES = ["/", "/login", "/logout", "/errors", "/errors/htu", "/authorize"]


class TestHeaderFields:
    @pytest.mark.rfc("9700", "4.2.4")
    @pytest.mark.parametrize("path", PAGES)
    async def test_every_page_is_closed_to_scripts_frames_and_caches(
        self, person: Person, path: str
    ) -> None:
        headers = (await person.open(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy
        assert "unsafe" not in policy
        assert "script-src" not in policy
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert "strict-transport-security" not in headers

    async def test_redirects_leak_no_referrer_and_are_not_cached(self, person: Person) -> None:
        headers = (await person.authorize()).headers
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"

    async def test_forms_may_lead_on_to_the_client_that_asks_and_nowhere_else(
        self, person: Person
    ) -> None:
        page = await person.follow(await person.authorize())
        policy = page.headers["content-security-policy"]
        assert policy.endswith("form-action 'self' https://client.example")
        page = await person.follow(
            await person.authorize(client_id="native", redirect_uri="com.example.app:/callback")
        )
        assert "com.example.app:" in page.headers["content-security-policy"]
        evil = await person.open("/login?return_to=https://evil.example/")
        assert evil.headers["content-security-policy"].endswith("form-action 'self'")

    @pytest.mark.rfc("6749", "10.12")
    async def test_the_session_cookie_is_closed_to_scripts_and_other_sites(
        self, person: Person
    ) -> None:
        response = await person.sign_in()
        cookies = response.headers.get_list("set-cookie")
        session = next(c for c in cookies if c.startswith("holdfast_session="))
        assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(session.split("; "))
        assert "Domain" not in session
        assert "Max-Age" not in session

    async def test_under_https_cookies_are_secure_and_of_this_host_only(self, start: Start) -> None:
        server = await start(issuer="https://as.example")
        await server.add(ADA)
        page = await Person(server.http).open("/login")
        assert page.headers["strict-transport-security"].startswith("max-age=")
        cookie = page.headers["set-cookie"]
        assert cookie.startswith("__Host-holdfast_sign_in=")
        assert "Secure" in cookie.split("; ")
        signed_in = await Person(server.http).sign_in(page)
        assert "__Host-holdfast_session=" in "".join(signed_in.headers.get_list("set-cookie"))


class TestStaticFiles:
    async def test_they_are_cached_by_content(self, person: Person) -> None:
        page = (await person.open("/")).text
        path = page.split('rel="stylesheet" href="')[1].split('"')[0]
        response = await person.open(path)
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/css; charset=utf-8"
        assert "immutable" in response.headers["cache-control"]
        other = await person.open(path.split("?")[0])
        assert other.headers["cache-control"] == "public, no-cache"

    @pytest.mark.parametrize("name", ["nothing.css", "..%2fpages.py", "pico.LICENSE.md", "%ff"])
    async def test_nothing_else_is_served(self, person: Person, name: str) -> None:
        assert (await person.open(f"/static/{name}")).status_code == 404


async def test_pkce_of_the_request_is_the_codes(
    server: Server, person: Person, key: DpopKey
) -> None:
    code = (await person.code(code_challenge=s256("w" * 43)))["code"]
    assert (await server.redeem(code, key)).json()["error"] == "invalid_grant"
    assert (await server.redeem(code, key, code_verifier="w" * 43)).status_code == 200
