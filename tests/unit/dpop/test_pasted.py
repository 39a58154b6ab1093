"""What people paste is taken apart: a proof, a request from a log, a trace by curl."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dpop.pasted import Pasted, read
from tests.builders import ISSUER

PATHS = frozenset({"/token"})

REQUEST = """\
POST /token HTTP/1.1
Host: as.example
Authorization: Basic c3BhOnNlY3JldA==
DPoP: the.proof.here
Content-Type: application/x-www-form-urlencoded

grant_type=authorization_code&code=abc
"""

TRACE = """\
*   Trying 127.0.0.1:8000...
* Connected to localhost (127.0.0.1) port 8000
> POST /token HTTP/1.1
> Host: localhost:8000
> User-Agent: curl/8.5.0
> DPoP: the.proof.here
>
* upload completely sent off: 40 bytes
< HTTP/1.1 400 Bad Request
< DPoP-Nonce: n
< DPoP: not.the.proof
<
{"error": "use_dpop_nonce"}
"""


def url_of(text: str, issuer: str = "https://as.example") -> str | None:
    return read(text).url(issuer, PATHS)


@pytest.mark.parametrize(
    "text", ["a.b.c", "  a.b.c\n", "\ufeffa.b.c", "a.\nb.\r\n  c", "DPoP: a.b.c", "dpop:a.b.c\n"]
)
def test_a_proof_alone_is_taken_with_or_without_its_field_name_and_line_breaks(text: str) -> None:
    found = read(text)
    assert found.proofs == ("a.b.c",)
    assert not found.is_request


@pytest.mark.parametrize("text", ["", "  \n\t\n", "\ufeff"])
def test_of_nothing_comes_no_proof(text: str) -> None:
    assert read(text) == Pasted(())


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("indent", ["", "    "])
def test_a_request_is_read_to_its_body(newline: str, indent: str) -> None:
    found = read("".join(f"{indent}{line}{newline}" for line in REQUEST.splitlines()))
    assert (found.method, found.target) == ("POST", "/token")
    assert found.proofs == ("the.proof.here",)
    assert found.field("host") == "as.example"
    assert found.body == "grant_type=authorization_code&code=abc"
    assert found.access_token is None


def test_of_a_trace_only_what_was_sent_is_read() -> None:
    found = read(TRACE)
    assert (found.method, found.target) == ("POST", "/token")
    assert found.proofs == ("the.proof.here",)
    assert found.field("user-agent") == "curl/8.5.0"


def test_of_a_challenge_and_its_retry_the_retry_is_read() -> None:
    first = "POST /token HTTP/1.1\nDPoP: first\n\nHTTP/1.1 400 Bad Request\nDPoP-Nonce: n\n\n"
    found = read(first + "POST /token HTTP/1.1\nDPoP: second\n\n" + "HTTP/1.1 200 OK\nDPoP: no\n")
    assert found.proofs == ("second",)


def test_header_fields_without_a_request_line_are_read() -> None:
    found = read("Authorization: DPoP the-token\nDPoP: a.b.c\n")
    assert found.proofs == ("a.b.c",)
    assert found.access_token == "the-token"
    assert found.method is None
    assert found.is_request


def test_the_pseudo_fields_of_http_2_are_read() -> None:
    found = read(":method: GET\n:path: /notes?x=1\n:authority: api.example\ndpop: a.b.c\n")
    assert (found.method, found.target) == ("GET", "/notes?x=1")
    assert found.url("https://as.example", PATHS) == "https://api.example/notes"


def test_every_dpop_field_counts() -> None:
    assert read("GET / HTTP/1.1\nDPoP: a\nDPOP: b\n").proofs == ("a", "b")


def test_a_folded_field_is_joined() -> None:
    assert read("GET / HTTP/1.1\nDPoP: a.b\n  .c\nHost: x\n").proofs == ("a.b.c",)


@pytest.mark.parametrize(
    ("value", "token"),
    [
        ("DPoP t", "t"),
        ("dpop  t", "t"),
        ("Bearer t", "t"),
        ("Basic t", None),
        ("DPoP", None),
        ("", None),
    ],
)
def test_the_access_token_is_that_of_the_authorization_field(value: str, token: str | None) -> None:
    assert read(f"GET / HTTP/1.1\nAuthorization: {value}\n").access_token == token


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("GET https://api.example/a?b=c#d HTTP/1.1\n", "https://api.example/a"),
        ("GET /a?b HTTP/1.1\nHost: api.example\n", "https://api.example/a"),
        ("GET /a HTTP/1.1\nHost: localhost:9000\n", "http://localhost:9000/a"),
        ("GET /a HTTP/1.1\nHost: [::1]:9000\n", "http://[::1]:9000/a"),
        ("GET /a HTTP/1.1\n", "https://as.example/a"),
        ("GET /a HTTP/1.1\nHost: AS.example\n", "https://as.example/a"),
        ("GET /a\nHost: api.example\n", "https://api.example/a"),
        ("DPoP: a.b.c\n", None),
    ],
)
def test_the_url_is_that_of_the_request_line_and_the_host(text: str, url: str | None) -> None:
    assert url_of(text) == url


@pytest.mark.rfc("9449", "4.3")
def test_at_the_servers_own_endpoints_the_host_does_not_count() -> None:
    assert url_of("POST /token HTTP/1.1\nHost: inner:8000\n") == "https://as.example/token"
    assert url_of("POST /token HTTP/1.1\nHost: evil\n", ISSUER) == f"{ISSUER}/token"


@given(st.text() | st.text("abDPo: >\n\r\t./GETHTTP1", max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    found = read(text)
    assert found.proofs or found.is_request or not "".join(text.lstrip("\ufeff").split())
    assert isinstance(found.url("https://as.example", PATHS), str | None)
