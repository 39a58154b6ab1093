"""Which origins a client has (RFC 6454)."""

import dataclasses

import pytest

from app.oauth.client import ApplicationType
from app.oauth.errors import UnauthorizedClient
from app.oauth.origin import check_origin, is_origin, origin_of, origins_of
from tests.builders import ISSUER

from .token_server import CONFIDENTIAL, PUBLIC


@pytest.mark.parametrize(
    ("uri", "origin"),
    [
        ("https://client.example/callback?x=1", "https://client.example"),
        ("https://client.example:443/callback", "https://client.example"),
        ("https://client.example:8443/callback", "https://client.example:8443"),
        ("HTTPS://Client.Example/callback", "https://client.example"),
        ("http://localhost:5173/callback", "http://localhost:5173"),
        ("http://127.0.0.1:80/callback", "http://127.0.0.1"),
        ("http://[::1]:3000/callback", "http://[::1]:3000"),
        ("http://client.example/callback", None),
        ("com.example.app:/callback", None),
        ("https://client.example:x/", None),
        ("https://client.example:0/", None),
        ("https:///callback", None),
        ("https://" + "a" * 254 + "/callback", None),
    ],
)
def test_a_redirect_uri_has_the_origin_that_browsers_send(uri: str, origin: str | None) -> None:
    assert origin_of(uri) == origin


@pytest.mark.parametrize(
    "value",
    [
        "",
        "null",
        "*",
        "https://client.example/",
        "https://a b",
        "https://a, https://b",
        "https://É",
    ],
)
def test_what_browsers_do_not_send_is_no_origin(value: str) -> None:
    assert not is_origin(value)


def test_a_browser_client_has_the_origins_of_its_redirect_uris_and_those_allowed() -> None:
    client = dataclasses.replace(PUBLIC, allowed_origins=("https://b.example", "http://b.example"))
    assert origins_of(client) == {"https://client.example", "https://b.example"}


@pytest.mark.parametrize(
    "client",
    [
        CONFIDENTIAL,
        dataclasses.replace(PUBLIC, application_type=ApplicationType.NATIVE),
        dataclasses.replace(PUBLIC, disabled=True),
    ],
    ids=["confidential", "native", "disabled"],
)
def test_no_other_client_has_origins(client: object) -> None:
    assert isinstance(client, type(PUBLIC))
    assert origins_of(dataclasses.replace(client, allowed_origins=("https://b.example",))) == set()


@pytest.mark.parametrize("origin", [None, ISSUER, "https://client.example"])
def test_no_page_and_the_issuers_and_the_clients_own_may_call(origin: str | None) -> None:
    check_origin(origin, PUBLIC, ISSUER)
    with pytest.raises(UnauthorizedClient):
        check_origin("null", PUBLIC, ISSUER)
