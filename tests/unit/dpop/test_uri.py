"""Normalising and comparing htu."""

import string
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.dpop.errors import Check, ProofRefused
from app.dpop.uri import check_htu, normalise
from tests.unit.dpop.support import judged, refusal

pytestmark = pytest.mark.rfc("9449", "4.3")

URI = "https://as.example/token"


@pytest.mark.parametrize(
    "same",
    [
        "HTTPS://as.example/token",
        "https://AS.Example/token",
        "https://as.example:443/token",
        "https://as.example:/token",
        "https://as.example/%74oken",
        "https://as.example/%74%6F%6b%65%6e",
        "https://%61s.example/token",
        "https://%41S.example/token",
        "https://as.example/./token",
        "https://as.example/a/../token",
        "https://as.example/../../token",
        "https://as.example/%2e/token",
        "https://as.example/a/%2E%2e/token",
        "https://as.example/token?x=1",
        "https://as.example/token#f",
        "https://as.example/token?",
        "https://as.example/token#?x",
        "https://as.example/token?\n\0é",
    ],
)
@pytest.mark.rfc("3986", "6.2.2")
@pytest.mark.rfc("3986", "6.2.3")
def test_equivalent_uris_match(same: str) -> None:
    assert check_htu(same, URI) == URI
    assert check_htu(URI, same) == URI


@pytest.mark.parametrize(
    "other",
    [
        "http://as.example/token",
        "https://as.example:80/token",
        "https://as.example:8443/token",
        "https://as.example:0443/token",
        "https://as.example:00/token",
        "https://as.example./token",
        "https://bs.example/token",
        "https://as.example.evil.example/token",
        "https://as.example/Token",
        "https://as.example/token/",
        "https://as.example//token",
        "https://as.example/token%2F",
        "https://as.example/token%20",
        "https://as.example/token%3F",
        "https://as.example/%2574oken",
        "https://as.example/token;x",
        "https://as.example/token/.",
        "https://as.example/token/a/..",
        "https://as.example/",
        "https://as.example",
        "https://as.example?/token",
        "https://as.example#/token",
    ],
)
def test_another_uri_is_refused_with_both_values(other: str) -> None:
    refused = refusal(check_htu, other, URI)
    assert (refused.check, refused.error) == (Check.HTU, "invalid_dpop_proof")
    assert refused.expected == URI
    assert refused.received == normalise(other)
    assert f"expected '{URI}'" in refused.description


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "/token",
        "as.example/token",
        "//as.example/token",
        "https:as.example",
        "https:/as.example/token",
        "https:///token",
        "https://",
        "https://:443/token",
        "ftp://as.example/token",
        "urn:token",
        "https://user@as.example/token",
        "https://user:secret@as.example/token",
        "https://as.example@evil.example/token",
        "https://as.example\\@evil.example/token",
        "https://as.example/to ken",
        " https://as.example/token",
        "https://as.example/token ",
        "https://as.example/token\n",
        "https://as.exam\nple/token",
        "https://as.example/tok\ten",
        "https://as.example/tok\0en",
        "https://as.example\\token",
        "https://as.example/to\\ken",
        "https://as.example/%",
        "https://as.example/%7",
        "https://as.example/%7g",
        "https://as.example/%%374",
        "https://as.example:port/token",
        "https://as.example:-1/token",
        "https://as.example:443:443/token",
        "https://as.example:\u0664\u0664\u0663/token",
        "https://äs.example/token",
        "http\u017f://as.example/token",
        "https://as.example/tok\u212aen",
        "https://[::1/token",
        "https://::1/token",
        "https://[fe80::1%25eth0]/token",
        "https://as.example/\ud800",
        "https://as.example/\x7f",
        "https://as.example/\x80",
    ],
)
def test_what_is_no_absolute_http_uri_in_ascii_is_refused(malformed: str) -> None:
    refused = refusal(check_htu, malformed, URI)
    assert refused.check is Check.HTU
    assert refused.expected == "an absolute http or https URI"


@pytest.mark.parametrize(
    ("uri", "normal"),
    [
        ("HTTP://EXAMPLE.com", "http://example.com/"),
        ("http://example.com:80", "http://example.com/"),
        ("http://example.com:8000/a", "http://example.com:8000/a"),
        ("http://[::1]:8000/a", "http://[::1]:8000/a"),
        ("http://[2001:DB8::A]/a", "http://[2001:db8::a]/a"),
        ("http://127.0.0.1:8000/token", "http://127.0.0.1:8000/token"),
        ("https://example.com/a%2fb%c3%a9", "https://example.com/a%2Fb%C3%A9"),
        ("https://example.com/%7Euser/%2D", "https://example.com/~user/-"),
        ("https://ex%C3%A4mple.com/", "https://ex%C3%A4mple.com/"),
        ("https://example.com/a/b/c/./../../g", "https://example.com/a/g"),
        ("https://example.com/a/b/..", "https://example.com/a/"),
        ("https://example.com/a/b/.", "https://example.com/a/b/"),
        ("https://example.com/..", "https://example.com/"),
        ("https://example.com/a//../b", "https://example.com/a/b"),
        ("https://example.com/.//a", "https://example.com//a"),
        ("https://example.com/.a/..b/...", "https://example.com/.a/..b/..."),
        ("https://example.com/a.", "https://example.com/a."),
        ("https://example.com/[x]|{y}", "https://example.com/[x]|{y}"),
    ],
)
@pytest.mark.rfc("3986", "5.2.4")
@pytest.mark.rfc("3986", "6.2.2")
def test_normal_forms(uri: str, normal: str) -> None:
    assert normalise(uri) == normal


@pytest.mark.parametrize(
    "hostile",
    [
        "https://as.example:" + "9" * 8000 + "/token",
        "https://as.example" + "/.." * 2500,
        "https://as.example/" + "%2e" * 2500,
        "https://as.example/" + "%" * 8000,
        "https://" + "a." * 4000,
        "https://as.example/?" + "[" * 8000,
    ],
    ids=lambda value: value[:24],
)
def test_long_hostile_values_end_in_a_refusal(hostile: str) -> None:
    assert refusal(check_htu, hostile, URI).check is Check.HTU


def test_a_query_or_user_name_in_a_refused_htu_is_not_repeated() -> None:
    for htu in ("https://other.example/?code=hf_ac_secret", "no uri?code=hf_ac_secret"):
        refused = refusal(check_htu, htu, URI)
        assert "secret" not in f"{refused.description}{refused.received}"


def test_a_long_htu_is_cut_in_the_refusal() -> None:
    refused = refusal(check_htu, "https://as.example/" + "a" * 4000, URI)
    assert refused.received is not None
    assert len(refused.received) == 200


UNRESERVED = string.ascii_letters + string.digits + "-._~"

segments = st.lists(st.text(UNRESERVED + "!$&'()*+,;=:@", max_size=6), max_size=6)
paths = segments.map(lambda names: "".join(f"/{name}" for name in names))
hosts = st.sampled_from(["as.example", "127.0.0.1", "[::1]", "a-b.example", "x_y"])
schemes = st.sampled_from(["http", "https"])
ports = st.sampled_from(["", ":80", ":443", ":8000", ":"])


@st.composite
def uris(draw: st.DrawFn) -> str:
    return f"{draw(schemes)}://{draw(hosts)}{draw(ports)}{draw(paths)}"


def mask(text: str, choices: list[bool]) -> str:
    """Percent-encode some characters, which changes nothing where they are unreserved."""
    return "".join(
        f"%{ord(character):02x}" if chosen and character in UNRESERVED else character
        for character, chosen in zip(text, choices, strict=False)
    )


@given(uris())
def test_normalising_is_idempotent(uri: str) -> None:
    assert normalise(normalise(uri)) == normalise(uri)


@given(st.text(alphabet=st.sampled_from("hHtTpPsS:/.%2eEfF@[]?#a1\\ \n\u017f"), max_size=40))
@example("https://a/%2%65")
@example("https://a/%25%32%65")
def test_normalising_what_looks_like_a_uri_is_idempotent_or_refused(text: str) -> None:
    for uri in (text, f"https://{text}", f"https://a/{text}"):
        normal = judged(normalise, uri)
        if isinstance(normal, ProofRefused):
            assert normal.check is Check.HTU
        else:
            assert normalise(normal) == normal


@given(st.text())
def test_no_text_raises_anything_but_the_refusal(text: str) -> None:
    for htu in (text, f"https://{text}", f"https://as.example/{text}"):
        normal = judged(normalise, htu)
        if isinstance(normal, ProofRefused):
            assert normal.check is Check.HTU
        else:
            assert normal.startswith(("http://", "https://"))
            assert normal.isascii()
            assert "\n" not in normal


@given(uris(), st.lists(st.booleans(), min_size=60, max_size=60))
def test_case_and_encoding_make_no_difference(uri: str, choices: list[bool]) -> None:
    scheme, rest = uri.split("://", 1)
    authority, slash, path = rest.partition("/")
    spelt = f"{scheme.upper()}://{authority.upper()}{slash}{mask(path, choices)}"
    assert normalise(spelt) == normalise(uri)


@given(uris(), st.text(string.ascii_letters + "?#/&=", max_size=20))
def test_query_and_fragment_make_no_difference(uri: str, extra: str) -> None:
    assert normalise(f"{uri}?{extra}") == normalise(f"{uri}#{extra}") == normalise(uri)


@given(segments, segments)
def test_differing_paths_are_never_equal(left: list[str], right: list[str]) -> None:
    dots = {".", ".."}
    left, right = ([name for name in names if name not in dots] for names in (left, right))
    paths = ("/" + "/".join(left), "/" + "/".join(right))
    same = normalise(f"https://h{paths[0]}") == normalise(f"https://h{paths[1]}")
    assert same == (paths[0] == paths[1])


@given(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8))
def test_differing_encoded_segments_are_never_equal(left: str, right: str) -> None:
    dots = {".", ".."}
    if dots & {left, right}:
        return
    encoded = [quote(text, safe="", errors="surrogatepass") for text in (left, right)]
    same = normalise(f"https://h/{encoded[0]}") == normalise(f"https://h/{encoded[1]}")
    assert same == (left == right)
