"""Whatever comes in: a 4xx that helps, never a 500, nothing written, nothing consumed."""

import asyncio
import base64
import contextlib
import secrets
import sys
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, quote_from_bytes, urlencode, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, example, settings
from hypothesis import given as whenever
from hypothesis import strategies as st

from tests.answers import issued, proof_refused, refused
from tests.builders import NOW, TOKEN_ENDPOINT, DpopKey, b64url
from tests.harness import (
    CLIENT_KEY,
    FORM,
    POSTING,
    SECRET,
    SIGNING,
    SPA,
    Server,
    asserted,
    given,
)
from tests.person import REQUEST

# The server outlives the examples: none of them may change what the next one finds.
fuzz = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
fuzz_slowly = settings(fuzz, max_examples=20)

DEEP = "[" * 3000 + "]" * 3000
HUGE = "1" * 4000

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**63, -(2**63), 10**400, 1e308, -0.0, NOW * 1000])
    | st.floats(allow_nan=True)
    | st.text(max_size=30)
    | st.sampled_from(["", "\ud800", "\x00", "a\nb", "é", "𐀀", "x" * 300, '"\\'])
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
# Percent-encodings whole and broken, plus signs, and bytes that are no UTF-8.
fragments = st.lists(
    st.sampled_from(
        ["%", "%0", "%zz", "%00", "%ff", "%c3%28", "%ed%a0%80", "+", "&", "=", ";", "a"]
    )
    | st.binary(max_size=4).map(quote_from_bytes),
    max_size=8,
).map("".join)

FIELDS = [
    "grant_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "refresh_token",
    "scope",
    "resource",
]


def bad(response: httpx.Response) -> str:
    """Assert a refusal in the 4xx that says why, and return what it says."""
    assert response.status_code in range(400, 500), response.text
    members: dict[str, Any] = response.json()
    assert "access_token" not in members
    description = str(members["error_description"])
    assert len(description) > len("xxxx xxx")
    return description


@contextlib.asynccontextmanager
async def untouched(server: Server, key: DpopKey) -> AsyncIterator[str]:
    """Give a code, and assert in the end that no row was written and that the code is good."""
    code, before = await server.code(POSTING), server.rows()
    yield code
    assert server.rows() == before
    issued(await server.redeem(code, key, POSTING))


def redemption(code: str, /, **changes: str | None) -> dict[str, str]:
    """Return the fields of a valid redemption by POSTING, but for the changes."""
    valid = {
        "grant_type": "authorization_code",
        "client_id": POSTING.client_id,
        "client_secret": SECRET,
        "code": code,
        "redirect_uri": "https://client.example/callback",
        "code_verifier": "v" * 43,
    }
    return given({**valid, **changes})


class TestBodies:
    @pytest.mark.rfc("6749", "3.2")
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"&&&&",
            b"=",
            b"\x00",
            b"\xff\xfe",
            b"grant_type",
            b'{"grant_type":"authorization_code"}',
            b"grant_type=%ff",
            b"grant_type=\xc3\x28",
            b"grant_type=%ed%a0%80",
            b"grant_type=a%00b",
            b"%00=a",
            b"a=1&" * 201,
            b"grant_type=" + b"a" * 60_000,
            b"grant_type=password;code=x",
        ],
    )
    async def test_a_malformed_form_is_refused(
        self, server: Server, key: DpopKey, body: bytes
    ) -> None:
        async with untouched(server, key):
            bad(await server.post(body, [("DPoP", server.proof(key))]))

    @pytest.mark.rfc("6749", "3.2")
    @fuzz
    @whenever(body=st.binary(max_size=300))
    async def test_any_bytes_are_refused(self, server: Server, key: DpopKey, body: bytes) -> None:
        bad(await server.post(body, [("DPoP", server.proof(key))]))

    @pytest.mark.rfc("6749", "A")
    @fuzz_slowly
    @whenever(name=st.sampled_from(FIELDS), value=fragments)
    async def test_any_encoding_of_any_field_is_answered_and_burns_nothing(
        self, server: Server, key: DpopKey, name: str, value: str
    ) -> None:
        async with untouched(server, key) as code:
            rest = urlencode(redemption(code, **{name: None, "grant_type": "nothing"}))
            body = f"{rest}&{name}={value}".encode()
            bad(await server.post(body, [("DPoP", server.proof(key))]))

    @pytest.mark.rfc("6749", "A")
    @fuzz_slowly
    @whenever(name=st.sampled_from(FIELDS), value=st.text(min_size=1, max_size=40))
    @example(name="scope", value="read  write")
    @example(name="resource", value="https://[")
    @example(name="client_id", value="a\u2028b")
    @example(name="redirect_uri", value="javascript:alert(1)")
    async def test_any_text_in_any_field_is_refused_and_burns_nothing(
        self, server: Server, key: DpopKey, name: str, value: str
    ) -> None:
        grant_type = "client_credentials" if name == "scope" else "authorization_code"
        if name in {"refresh_token", "client_assertion_type", "client_assertion"}:
            grant_type = "refresh_token"
        value = value.encode("utf-8", "replace").decode()
        async with untouched(server, key) as code:
            fields = redemption(code, **{"grant_type": grant_type, name: value})
            bad(await server.post(fields, [("DPoP", server.proof(key))]))

    @pytest.mark.rfc("6749", "3.2")
    @pytest.mark.parametrize("name", FIELDS)
    async def test_a_value_longer_than_any_real_one_is_refused(
        self, server: Server, key: DpopKey, name: str
    ) -> None:
        async with untouched(server, key) as code:
            fields = redemption(code, **{name: "x" * 9000})
            description = bad(await server.post(fields, [("DPoP", server.proof(key))]))
        assert name in description
        assert len(description) < 300

    @pytest.mark.rfc("6749", "3.2")
    @pytest.mark.parametrize("length", [None, "10", "-1", "x", "9" * 5000, "70000"])
    async def test_a_body_too_large_is_413_whatever_length_it_says(
        self, server: Server, key: DpopKey, length: str | None
    ) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(70):
                yield b"a" * 1024

        headers = {"Content-Type": FORM, "DPoP": server.proof(key)}
        if length is not None:
            headers["Content-Length"] = length
        async with untouched(server, key):
            response = await server.http.post("/token", content=chunks(), headers=headers)
            refused(response, "invalid_request", status=413)


class TestProofs:
    @pytest.mark.rfc("9449", "4.3")
    @pytest.mark.parametrize(
        "proof",
        [
            *(
                "",
                ".",
                "..",
                "...",
                "a.b.c",
                "null",
                " ",
                "{}",
                "\xff",
                "é",
                "e30.W10.",
                "bnVsbA.e30.",
            ),
            *("x" * 8193, "." * 8000, f"{b64url(DEEP.encode())}.e30.e30"),
        ],
    )
    async def test_what_is_no_jws_is_refused(
        self, server: Server, key: DpopKey, proof: str
    ) -> None:
        async with untouched(server, key) as code:
            headers: Any = [("DPoP", proof.encode("latin-1"))]
            proof_refused(await server.post(redemption(code), headers), "jwt.form")

    @pytest.mark.rfc("9449", "4.3")
    @pytest.mark.parametrize(
        ("header", "payload"),
        [
            (b"null", b"{}"),
            (b"[]", b"{}"),
            (b'"a"', b"{}"),
            (b"\xff", b"{}"),
            (b'{"typ":"dpop+jwt","typ":"dpop+jwt"}', b"{}"),
            (b'{"a":NaN}', b"{}"),
            (b'{"a":"\\ud800"}', b"{}"),
            (b'{"a":' + HUGE.encode() + b"}", b"{}"),
            (b'{"a":' + b"[" * 1500 + b"]" * 1500 + b"}", b"{}"),
        ],
    )
    async def test_a_header_that_is_no_good_json_is_refused(
        self, server: Server, key: DpopKey, header: bytes, payload: bytes
    ) -> None:
        async with untouched(server, key) as code:
            proof = key.sign_raw(header, payload)
            details = bad(await server.post(redemption(code), [("DPoP", proof)]))
        assert details

    @pytest.mark.rfc("9449", "4.3")
    @pytest.mark.parametrize(
        "payload",
        [
            b"",
            b"null",
            b"[1]",
            b"\xff\xfe",
            b'{"jti":"a","jti":"b"}',
            b'{"jti":Infinity}',
            b'{"jti":"\\udfff"}',
            b'{"iat":' + HUGE.encode() + b"}",
            b'{"iat":1e999}',
            b'{"iat":-1}',
            b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}",
            b'{"jti":"' + b"x" * 5000 + b'"}',
        ],
    )
    async def test_a_payload_that_is_no_good_json_is_refused(
        self, server: Server, key: DpopKey, payload: bytes
    ) -> None:
        async with untouched(server, key) as code:
            header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.public_jwk}
            proof = key.sign(header, payload)
            response = await server.post(redemption(code), [("DPoP", proof)])
            assert response.json()["dpop"]["check"] in {"jwt.form", "claims"}
            bad(response)

    @pytest.mark.rfc("9449", "4.3")
    @fuzz
    @whenever(
        name=st.sampled_from(["typ", "alg", "jwk", "crit", "kid", "jku", "x5c", "b64"]),
        value=json_values,
    )
    async def test_any_json_in_the_header_is_answered(
        self, server: Server, key: DpopKey, name: str, value: object
    ) -> None:
        response = await server.client_credentials(
            None, proof=server.proof(key, header={name: value})
        )
        if response.status_code != 200:
            bad(response)

    @pytest.mark.rfc("9449", "4.3")
    @fuzz
    @whenever(
        name=st.sampled_from(["jti", "htm", "htu", "iat", "nonce", "ath", "exp", "unheard_of"]),
        value=json_values,
    )
    @example(name="htu", value="http://[")
    @example(name="htu", value="http://127.0.0.1:99999/token")
    @example(name="htu", value="http://127.0.0.1:٣/token")
    @example(name="htu", value="//127.0.0.1:8000/token")
    @example(name="iat", value=sys.float_info.max)
    async def test_any_json_in_the_claims_is_answered(
        self, server: Server, key: DpopKey, name: str, value: object
    ) -> None:
        claims = {"jti": secrets.token_urlsafe(), "htm": "POST", "htu": TOKEN_ENDPOINT, "iat": NOW}
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.public_jwk}
        proof = key.sign(header, {**claims, name: value})
        response = await server.client_credentials(None, proof=proof)
        if response.status_code != 200:
            bad(response)

    @pytest.mark.rfc("9449", "4.3")
    @fuzz
    @whenever(
        name=st.sampled_from(["kty", "crv", "x", "y", "use", "alg", "key_ops", "n", "e"]),
        value=json_values,
    )
    async def test_any_json_in_the_jwk_is_answered(
        self, server: Server, key: DpopKey, name: str, value: object
    ) -> None:
        proof = server.proof(key, header={"jwk": {**key.public_jwk, name: value}})
        response = await server.client_credentials(None, proof=proof)
        if response.status_code != 200:
            bad(response)

    @pytest.mark.rfc("9449", "4.3")
    @fuzz
    @whenever(value=st.binary(max_size=200))
    async def test_any_bytes_in_the_header_field_are_refused(
        self, server: Server, value: bytes
    ) -> None:
        headers: Any = [("DPoP", value.replace(b"\r", b"").replace(b"\n", b""))]
        fields = {"client_id": SPA.client_id, "grant_type": "authorization_code"}
        bad(await server.post(fields, headers))


class TestCredentials:
    @pytest.mark.rfc("6749", "2.3.1")
    @pytest.mark.parametrize(
        "authorization",
        [
            b"",
            b"Basic",
            b"Basic ",
            b"Basic  ",
            b"Basic ?",
            b"Basic YQ",
            b"Basic YQ==",
            b"Basic Og==",
            b"Basic " + base64.b64encode(b"\xff:\xff"),
            b"Basic " + base64.b64encode(b"a\x00:b"),
            b"Basic " + base64.b64encode("ü:b".encode()),
            b"Basic " + base64.b64encode(b"%ff:b"),
            b"Basic " + base64.b64encode(b"%00:b"),
            b"Basic " + base64.b64encode(b"a" * 5000 + b":b"),
            b"Basic \xff\xfe",
            b"Basic\x00YTpi",
            b"\xff",
            b"Bearer",
            b"A" * 8000,
        ],
    )
    async def test_a_malformed_authorization_header_is_refused(
        self, server: Server, key: DpopKey, authorization: bytes
    ) -> None:
        async with untouched(server, key) as code:
            fields = redemption(code, client_id=None, client_secret=None)
            headers: Any = [("DPoP", server.proof(key)), ("Authorization", authorization)]
            refused(await server.post(fields, headers), "invalid_client", status=401)

    @pytest.mark.rfc("6749", "2.3.1")
    @fuzz
    @whenever(
        pair=st.binary(max_size=60)
        | st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace"))
    )
    async def test_any_basic_credentials_are_refused(
        self, server: Server, key: DpopKey, pair: bytes
    ) -> None:
        server.clock.advance(301)  # past the window of attempts
        header = b"Basic " + base64.b64encode(pair)
        headers: Any = [("DPoP", server.proof(key)), ("Authorization", header)]
        response = await server.post({"grant_type": "client_credentials"}, headers)
        refused(response, "invalid_client", status=401)

    @pytest.mark.rfc("7523", "3")
    @pytest.mark.parametrize(
        "assertion",
        [
            *("", ".", "..", "a.b.c", "e30.e30.", "e30.e30.e30", "null", "x" * 8000, "." * 5000),
            *(f"{b64url(DEEP.encode())}.e30.e30"[:8192], f"e30.{b64url(HUGE.encode())}.e30"),
        ],
    )
    async def test_what_is_no_assertion_is_refused(
        self, server: Server, key: DpopKey, assertion: str
    ) -> None:
        response = await server.client_credentials(key, SIGNING, **asserted(assertion))
        assert response.status_code in {400, 401}
        bad(response)

    @pytest.mark.rfc("7523", "3")
    @fuzz
    @whenever(
        name=st.sampled_from(["iss", "sub", "aud", "exp", "nbf", "iat", "jti"]), value=json_values
    )
    @example(name="jti", value="\ud800")
    @example(name="exp", value=float("nan"))
    async def test_any_json_in_the_claims_of_an_assertion_is_answered(
        self, server: Server, key: DpopKey, name: str, value: object
    ) -> None:
        changes: dict[str, Any] = {name: value}
        fields = asserted(CLIENT_KEY.assertion(SIGNING.client_id, **changes))
        response = await server.client_credentials(key, SIGNING, **fields)
        if response.status_code != 200:
            bad(response)

    @pytest.mark.rfc("7523", "3")
    @fuzz
    @whenever(name=st.sampled_from(["alg", "typ", "kid", "crit", "jwk"]), value=json_values)
    async def test_any_json_in_the_header_of_an_assertion_is_answered(
        self, server: Server, key: DpopKey, name: str, value: object
    ) -> None:
        fields = asserted(CLIENT_KEY.assertion(SIGNING.client_id, header={name: value}))
        response = await server.client_credentials(key, SIGNING, **fields)
        if response.status_code != 200:
            bad(response)


PAGES = ["/authorize", "/login", "/consent", "/account", "/logout"]
EVERYWHERE = [
    *PAGES,
    "/",
    "/errors",
    "/errors/htu",
    "/explorer/inspect",
    "/jwks",
    "/health/ready",
    "/static/x",
]
ODD_COOKIES = [
    b"holdfast_session=",
    b"holdfast_session=\xff\xfe",
    b"holdfast_session=" + b"x" * 5000,
    b'holdfast_session="a\\"b\\377"',
    b"holdfast_session=a; holdfast_session=b",
    b"=; ;;=;a",
    b"\x00\x01\x02",
    "holdfast_session=ü𐀀".encode(),
]


class TestEverywhere:
    @pytest.mark.rfc("6749", "5.2")
    @pytest.mark.parametrize("cookie", ODD_COOKIES)
    async def test_an_odd_cookie_is_nobodys_session(self, server: Server, cookie: bytes) -> None:
        headers: Any = [("Cookie", cookie)]
        for path in EVERYWHERE:
            odd = await server.http.get(path, headers=headers)
            plain = await server.http.get(path)
            assert odd.status_code == plain.status_code < 500

    @pytest.mark.rfc("6749", "3.1")
    @pytest.mark.parametrize("path", PAGES)
    @fuzz
    @whenever(query=fragments, name=st.sampled_from([*REQUEST, "return_to", "csrf", "decision"]))
    @example(query="%00", name="client_id")
    @example(query="%ed%a0%80", name="return_to")
    @example(query="//evil.example", name="return_to")
    async def test_any_query_of_a_page_is_answered(
        self, server: Server, path: str, query: str, name: str
    ) -> None:
        rest = urlencode({key: value for key, value in REQUEST.items() if key != name})
        response = await server.http.get(f"{path}?{rest}&{name}={query}")
        assert response.status_code < 500
        if response.status_code == 303:
            location = urlsplit(response.headers["location"])
            assert location.netloc in {"", "client.example"}

    @pytest.mark.rfc("6749", "3.1")
    @pytest.mark.parametrize("path", PAGES)
    @fuzz
    @whenever(body=st.binary(max_size=100) | fragments.map(str.encode))
    async def test_any_form_sent_to_a_page_is_answered_and_writes_nothing(
        self, server: Server, path: str, body: bytes
    ) -> None:
        before = server.rows()
        headers = {"Content-Type": FORM, "Sec-Fetch-Site": "same-origin"}
        response = await server.http.post(path, content=body, headers=headers)
        assert response.status_code < 500
        assert server.rows() == before

    @pytest.mark.rfc("6749", "5.2")
    @pytest.mark.parametrize(
        "path",
        [
            "/%00",
            "/%ff",
            "/errors/%00",
            "/errors/%ff%fe",
            "/errors/..%2f..%2fetc%2fpasswd",
            "/errors/" + "x" * 5000,
            "/static/%2e%2e%2fapp%2fmain.py",
            "/static/..%5c..%5cmain.py",
            "/static/%00",
            "/static/" + quote("é" * 300),
            "/static/",
        ],
    )
    async def test_an_odd_path_is_not_there(self, server: Server, path: str) -> None:
        assert (await server.http.get(path)).status_code == 404

    @pytest.mark.rfc("6749", "5.2")
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("Host", b""),
            ("Host", b"["),
            ("Host", b"a:b:c"),
            ("Host", b"\xff"),
            ("Origin", b"\xff"),
            ("Origin", b"http://["),
            ("Accept", b"\xff;q=x"),
            ("Accept-Language", b"\xff" * 3000),
            ("Sec-Fetch-Site", b"\xff"),
            ("X-Request-Id", b"\xff\x00"),
            ("X-Forwarded-For", b"\xff, ["),
            ("Content-Length", b"x"),
        ],
    )
    async def test_an_odd_header_field_breaks_nothing(
        self, server: Server, name: str, value: bytes
    ) -> None:
        headers: Any = [(name, value)]
        for path in [*EVERYWHERE, "/token"]:
            for method in ("GET", "POST"):
                response = await server.http.request(method, path, headers=headers)
                assert response.status_code < 500


async def raw(server: Server, request: bytes) -> bytes:
    """Send bytes to the server as they are, close our side, and return what comes."""
    host, port = urlsplit(server.settings.issuer).netloc.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(request)
        await writer.drain()
        writer.write_eof()
        with contextlib.suppress(ConnectionError):
            return await reader.read()
        return b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


UNFINISHED = (
    b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 100\r\n\r\ngrant_type="
)


class TestOnTheWire:
    @pytest.mark.rfc("6749", "5.2")
    @pytest.mark.parametrize(
        "request_",
        [
            b"\x00" * 100,
            b"GET\r\n\r\n",
            b"POST /token HTTP/9.9\r\nHost: x\r\n\r\n",
            b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
            b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabc",
            b"POST /token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"POST /token HTTP/1.1\r\nHost: x\r\nDPoP: a\x00b\r\n\r\n",
            b"POST /token HTTP/1.1\r\nHost: x\r\nDPoP: a\r\n b\r\n\r\n",
            b"POST /token HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
            UNFINISHED,
        ],
    )
    async def test_a_broken_request_gets_a_4xx_or_no_answer_and_the_server_lives_on(
        self, listening_server: Server, key: DpopKey, request_: bytes
    ) -> None:
        answer = await raw(listening_server, request_)
        assert answer == b"" or answer.split(b" ")[1].startswith(b"4")
        issued(await listening_server.redeem(await listening_server.code(), key))

    @pytest.mark.rfc("6749", "5.2")
    async def test_a_client_that_goes_away_in_the_middle_is_no_error_of_the_servers(
        self, listening_server: Server, key: DpopKey, capsys: pytest.CaptureFixture[str]
    ) -> None:
        await raw(listening_server, UNFINISHED)
        issued(await listening_server.redeem(await listening_server.code(), key))
        logged = capsys.readouterr().out
        assert "path=/token" in logged
        assert "unexpected" not in logged
        assert "status=500" not in logged
