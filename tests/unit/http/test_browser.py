"""What browsers get: header fields, redirects and cookies."""

from http.cookies import SimpleCookie

import pytest
from starlette.responses import Response

from app.http.browser import Browsers, session_cookie
from app.oauth.authorization_endpoint import Answer

from .support import a_request

SECURE, PLAIN = Browsers(secure=True), Browsers(secure=False)


def cookie_of(response: Response) -> tuple[str, dict[str, str]]:
    """Return the name of the cookie set, and its attributes that are there."""
    ((name, morsel),) = SimpleCookie(response.headers["set-cookie"]).items()
    return name, {key: str(value) for key, value in morsel.items() if value}


class TestHeaders:
    @pytest.mark.rfc("6749", "10.13")
    @pytest.mark.parametrize("browsers", [SECURE, PLAIN])
    def test_no_page_may_be_framed_cached_sniffed_or_told_of(self, browsers: Browsers) -> None:
        headers = browsers.page("<p>").headers
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"

    def test_a_page_runs_nothing_and_loads_nothing_from_elsewhere(self) -> None:
        policy = SECURE.page("<p>").headers["content-security-policy"]
        directives = dict(part.split(" ", 1) for part in policy.split("; "))
        assert directives["default-src"] == "'none'"
        assert directives["base-uri"] == "'none'"
        assert directives["form-action"] == "'self'"
        assert "unsafe" not in policy

    def test_only_a_server_behind_https_demands_https(self) -> None:
        assert "strict-transport-security" in SECURE.page("<p>").headers
        assert "strict-transport-security" not in PLAIN.page("<p>").headers


class TestRedirects:
    @pytest.mark.rfc("9700", "4.12")
    def test_every_redirect_is_followed_with_get(self) -> None:
        response = SECURE.see_other("/login")
        assert (response.status_code, response.headers["location"]) == (303, "/login")
        assert response.headers["referrer-policy"] == "no-referrer"

    @pytest.mark.rfc("6749", "4.1.2.1")
    def test_an_error_sent_to_a_client_keeps_to_the_characters_allowed(self) -> None:
        answer = Answer(
            "https://client.example/cb?a=b",
            {"error": "invalid_scope", "error_description": 'é "' + "x" * 999},
        )
        location = SECURE.answer_client(answer).headers["location"]
        assert location.startswith("https://client.example/cb?a=b&error=invalid_scope")
        assert "%C3" not in location
        assert "%22" not in location
        assert len(location) < 700


class TestCookies:
    @pytest.mark.rfc("6265", "4.1.2")
    def test_behind_https_only_this_host_may_set_it(self) -> None:
        response = Response()
        session_cookie(SECURE).set(response, "v")
        name, attributes = cookie_of(response)
        assert name == "__Host-holdfast_session"
        assert attributes == {"path": "/", "secure": "True", "httponly": "True", "samesite": "lax"}

    @pytest.mark.rfc("6265", "4.1.2")
    def test_on_loopback_it_goes_without_https_and_without_the_prefix(self) -> None:
        response = Response()
        session_cookie(PLAIN).set(response, "v")
        name, attributes = cookie_of(response)
        assert name == "holdfast_session"
        assert attributes == {"path": "/", "httponly": "True", "samesite": "lax"}

    @pytest.mark.rfc("6265", "4.1.2")
    def test_clearing_names_the_same_cookie(self) -> None:
        response = Response()
        session_cookie(SECURE).clear(response)
        name, attributes = cookie_of(response)
        assert name == "__Host-holdfast_session"
        assert attributes["max-age"] == "0" or attributes["expires"]
        assert attributes["secure"] == "True"

    def test_only_the_cookie_of_that_name_is_read(self) -> None:
        cookie = session_cookie(SECURE)
        request = a_request(headers=[("Cookie", "holdfast_session=a; __Host-holdfast_session=b")])
        assert cookie.read(request) == "b"
        assert cookie.read(a_request(headers=[("Cookie", "holdfast_session=a")])) is None
