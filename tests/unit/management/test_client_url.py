"""Which URLs may be a client_id: a valid one, and one thing broken in it."""

import pytest

from app.management import client_url
from app.management.client_documents import Hosts
from app.management.errors import Refused


@pytest.mark.parametrize(
    "url",
    [
        "https://client.example/",
        "https://client.example/oauth/client.json",
        "https://client.example:8443/a?b=c",
        "https://client.example/a..b/.c/d.",
    ],
)
def test_an_https_url_with_a_path_is_taken(url: str) -> None:
    client_url.check(url)
    assert client_url.is_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://client.example",
        "https://client.example?a",
        "https://client.example/.",
        "https://client.example/a/..",
        "https://client.example/a/%2E./b",
        "https://client.example/#a",
        "https://a:b@client.example/",
        "http://client.example/",
        "http://localhost/",
        "https://client.example/" + "a" * 256,
    ],
)
def test_another_is_refused(url: str) -> None:
    with pytest.raises(Refused) as refused:
        client_url.check(url)
    assert refused.value.field == "client_id"


def test_http_is_taken_on_loopback_under_development() -> None:
    client_url.check("http://localhost:3000/client", http_on_loopback=True)
    with pytest.raises(Refused):
        client_url.check("http://client.example/client", http_on_loopback=True)


def test_people_are_shown_the_host_and_port_in_lower_case_and_only_of_urls() -> None:
    assert client_url.shown_host("https://Client.example:8443/a") == "client.example:8443"
    assert client_url.shown_host("client_5f3a") is None


def test_a_host_is_named_by_itself_or_by_what_is_above_it() -> None:
    hosts = Hosts(("client.example", "*.apps.example"))
    assert hosts.include("client.example")
    assert hosts.include("one.apps.example")
    assert hosts.include("a.b.apps.example")
    for other in ("apps.example", "evilapps.example", "www.client.example", "client.example.evil"):
        assert not hosts.include(other)


def test_without_names_every_host_is_included() -> None:
    assert Hosts().include("anywhere.example")
