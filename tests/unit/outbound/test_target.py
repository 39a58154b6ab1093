"""Which URLs the server takes at all."""

import pytest

from app.outbound.errors import NotAllowed
from app.outbound.target import Target, target_of


def refusal(url: str, *, http_on_loopback: bool = False) -> str:
    with pytest.raises(NotAllowed) as refused:
        target_of(url, http_on_loopback=http_on_loopback)
    return refused.value.sentence


def test_an_https_url_leads_to_its_host_and_port() -> None:
    assert target_of("https://Client.example:8443/a/b?c=d") == Target(
        "https", "Client.example:8443", "client.example", 8443, "/a/b?c=d"
    )


def test_the_port_is_that_of_https_and_the_path_the_root_unless_they_are_named() -> None:
    target = target_of("https://client.example")
    assert (target.port, target.path_and_query) == (443, "/")


@pytest.mark.parametrize(
    "url",
    ["http://client.example/", "ftp://client.example/", "file:///etc/passwd", "//client.example/"],
)
def test_nothing_but_https_is_taken(url: str) -> None:
    assert "https" in refusal(url)


def test_http_is_taken_on_loopback_hosts_if_it_is_allowed_there() -> None:
    url = "http://127.0.0.1:8000/jwks"
    assert target_of(url, http_on_loopback=True).port == 8000
    assert "https" in refusal(url)
    assert "https" in refusal("http://client.example/", http_on_loopback=True)
    assert "https" in refusal("http://127.0.0.2/", http_on_loopback=True)


@pytest.mark.parametrize(
    "url",
    ["https://me@client.example/", "https://me:secret@client.example/", "https://@c.example/"],
)
def test_a_user_name_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    assert "user name" in refusal(url)
    assert "secret" not in refusal(url)


def test_an_at_sign_in_the_path_is_no_user_name() -> None:
    assert target_of("https://client.example/@me").path_and_query == "/@me"


@pytest.mark.parametrize("url", ["https://client.example/#", "https://client.example/a#b"])
def test_a_fragment_is_refused(url: str) -> None:
    assert "fragment" in refusal(url)


@pytest.mark.parametrize(
    "url",
    [
        "https:///path",
        "https://:443/",
        "https://client.example:0/",
        "https://client.example:65536/",
        "https://client.example:port/",
        "https://a..b/",
        "https://client.example%00.other.example/",
        "https://[::1%25eth0]/",
        "https://[::1/",
        "https://" + "a" * 64 + ".example/",
        "https://" + "a." * 127 + "example/",
    ],
)
def test_a_url_without_a_host_that_could_be_one_is_refused(url: str) -> None:
    assert refusal(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://client.example/a b",
        "https://client.example\\@other.example/",
        "https://client.example/\r\nX: y",
        "https://клиент.example/",
        "https://client.example/%zz",
        "https://client.example/" + "a" * 2048,
    ],
)
def test_a_url_in_other_characters_or_too_long_is_refused(url: str) -> None:
    assert refusal(url)
