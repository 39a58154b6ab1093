"""Redirect URIs: registration, matching, answers."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from app.oauth.client import ApplicationType, AuthMethod, Client
from app.oauth.errors import InvalidRedirectUri, InvalidRequest
from app.oauth.redirect_uri import (
    check_registration,
    choose,
    is_claimable,
    matches,
    with_parameters,
)


def may_register(uri: str, application_type: ApplicationType) -> bool:
    try:
        check_registration(uri, application_type)
    except InvalidRedirectUri:
        return False
    return True


WEB, NATIVE = ApplicationType.WEB, ApplicationType.NATIVE


def a_client(*uris: str, application_type: ApplicationType = WEB) -> Client:
    return Client(
        client_id="c",
        client_name="C",
        auth_method=AuthMethod.NONE,
        application_type=application_type,
        redirect_uris=uris,
    )


@pytest.mark.rfc("6749", "3.1.2")
@pytest.mark.parametrize(
    "uri",
    [
        "https://client.example/callback",
        "https://client.example/callback?tenant=a",
        "https://client.example",
        "https://client.example:8443/a%20b",
        "https://[2001:db8::1]/callback",
    ],
)
def test_an_absolute_https_uri_may_be_registered(uri: str) -> None:
    assert may_register(uri, WEB)


@pytest.mark.rfc("8252", "7")
@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1/callback",
        "http://127.0.0.1:5000/callback",
        "http://[::1]:5000/callback",
        "http://localhost/callback",
        "com.example.app:/callback",
        "com.example.app://callback",
    ],
)
def test_a_native_client_may_register_loopback_and_private_schemes(uri: str) -> None:
    assert may_register(uri, NATIVE)
    assert not may_register(uri, WEB)


@pytest.mark.rfc("6749", "3.1.2")
@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("", "absolute"),
        ("/callback", "absolute"),
        ("client.example/callback", "absolute"),
        ("https:", "absolute"),
        ("https:///callback", "host"),
        ("https://", "host"),
        ("https://?a=b", "host"),
        ("https://client;script-src.example/", "host"),
        ("https://%63lient.example/", "host"),
        ("https://client.example/#fragment", "fragment"),
        ("https://client.example/callback#", "fragment"),
        ("https://client.example/*", "wildcard"),
        ("https://*.client.example/", "wildcard"),
        ("https://user@client.example/", "user name"),
        ("https://client.example@evil.example/", "user name"),
        ("https://client.example:port/", "port"),
        ("https://client.example:99999/", "port"),
        ("https://[client.example/", "host or port"),
        ("https://client.example/a b", "absolute"),
        ("https://client.example/%zz", "absolute"),
        ("https://client.example\\@evil.example/", "absolute"),
        ("https://clïent.example/", "absolute"),
        ("https://client.example/\n", "absolute"),
        ("https://client.example/?state=1", "'state'"),
        ("https://client.example/?x=1&code=", "'code'"),
        ("https://client.example/" + "a" * 2048, "characters"),
    ],
)
@pytest.mark.parametrize("application_type", [WEB, NATIVE])
def test_a_redirect_uri_that_is_ambiguous_or_incomplete_is_refused(
    uri: str, reason: str, application_type: ApplicationType
) -> None:
    with pytest.raises(InvalidRedirectUri, match=reason):
        check_registration(uri, application_type)


@pytest.mark.rfc("8252", "8.4")
@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "blob:x",
        "about:blank",
        "myapp:/callback",
        "mailto:a@b.example",
        "ftp://client.example/",
        "http://client.example/callback",
        "http://127.0.0.1.evil.example/",
        "http://10.0.0.1/",
        "HTTP://client.example/",
    ],
)
@pytest.mark.parametrize("application_type", [WEB, NATIVE])
def test_schemes_that_run_code_or_carry_no_owner_are_refused(
    uri: str, application_type: ApplicationType
) -> None:
    assert not may_register(uri, application_type)


@pytest.mark.rfc("9700", "2.1")
@pytest.mark.parametrize(
    "requested",
    [
        "https://client.example/callback/",
        "https://client.example/Callback",
        "https://CLIENT.example/callback",
        "https://client.example:443/callback",
        "https://client.example/callback?",
        "https://client.example/callback#x",
        "https://client.example/%63allback",
        "https://client.example/callback/../callback",
        "http://client.example/callback",
        "https://evil.example/callback",
    ],
)
def test_a_redirect_uri_matches_only_character_by_character(requested: str) -> None:
    registered = "https://client.example/callback"
    assert matches(registered, registered, WEB)
    assert not matches(registered, requested, WEB)
    assert not matches(registered, requested, NATIVE)


@pytest.mark.rfc("8252", "7.3")
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_a_native_client_chooses_its_loopback_port_freely(host: str) -> None:
    assert matches(f"http://{host}/cb", f"http://{host}:51004/cb", NATIVE)
    assert matches(f"http://{host}:3000/cb", f"http://{host}:51004/cb", NATIVE)
    assert matches(f"http://{host}:3000", f"http://{host}", NATIVE)


@pytest.mark.rfc("8252", "7.3")
@pytest.mark.parametrize(
    "requested",
    [
        "http://127.0.0.1:51004/other",
        "http://127.0.0.1:51004/cb?x=1",
        "http://127.0.0.1:51004",
        "http://localhost:51004/cb",
        "http://[::1]:51004/cb",
        "https://127.0.0.1:51004/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:51004@evil.example/cb",
        "http://127.0.0.1.evil.example:51004/cb",
    ],
)
def test_only_the_port_of_a_loopback_redirect_uri_is_free(requested: str) -> None:
    assert not matches("http://127.0.0.1/cb", requested, NATIVE)


@pytest.mark.rfc("8252", "7.3")
def test_the_port_is_not_free_for_web_clients_nor_on_other_hosts() -> None:
    assert not matches("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", WEB)
    assert not matches("https://client.example/cb", "https://client.example:8443/cb", NATIVE)


@pytest.mark.rfc("6749", "3.1.2.3")
def test_the_redirect_uri_may_be_left_out_only_where_one_is_registered() -> None:
    assert choose(a_client("https://a.example/"), None) == "https://a.example/"
    with pytest.raises(InvalidRequest, match="2 of them"):
        choose(a_client("https://a.example/", "https://b.example/"), None)
    with pytest.raises(InvalidRequest, match="0 of them"):
        choose(a_client(), None)


@pytest.mark.rfc("6749", "3.1.2.4")
def test_a_redirect_uri_that_is_not_registered_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"evil\.example"):
        choose(a_client("https://a.example/"), "https://evil.example/")


def test_the_redirect_uri_of_the_request_is_used_as_it_was_sent() -> None:
    client = a_client("http://127.0.0.1/cb", application_type=NATIVE)
    assert choose(client, "http://127.0.0.1:4711/cb") == "http://127.0.0.1:4711/cb"


@pytest.mark.rfc("8252", "8.6")
def test_loopback_and_private_schemes_can_be_claimed_by_other_apps() -> None:
    assert is_claimable("http://127.0.0.1/cb")
    assert is_claimable("com.example.app:/cb")
    assert not is_claimable("https://client.example/cb")


@pytest.mark.rfc("6749", "3.1.2")
@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://a.example/cb", "https://a.example/cb?code=x+%26y"),
        ("https://a.example/cb?", "https://a.example/cb?code=x+%26y"),
        ("https://a.example/cb?t=%C3%A4", "https://a.example/cb?t=%C3%A4&code=x+%26y"),
        ("com.example.app:/cb", "com.example.app:/cb?code=x+%26y"),
    ],
)
def test_an_answer_keeps_the_query_that_is_there(uri: str, expected: str) -> None:
    located = with_parameters(uri, {"code": "x &y"})
    assert located == expected
    assert dict(parse_qsl(urlsplit(located).query))["code"] == "x &y"
