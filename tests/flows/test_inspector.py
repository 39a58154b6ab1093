"""The proof inspector's page: it judges as /token does, keeps nothing and repeats no secret."""

import json
import re
from collections.abc import Callable, Sequence
from html import unescape
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.dpop.errors import Check
from app.oauth.errors import TemporarilyUnavailable
from tests.answers import challenged, issued, proof_refused
from tests.builders import DpopKey, s256
from tests.conftest import Start
from tests.harness import Server

PATH = "/explorer/inspect"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
SECRET = "S3CRET" * 4

VERDICT = re.compile(r'<h3><strong>([a-z ]+)</strong> <a href="/errors/[a-z_.]+">([a-z_.]+)</a>')


async def inspect(server: Server, pasted: str, **fields: str) -> httpx.Response:
    response = await server.http.post(PATH, data={"pasted": pasted, **fields}, headers=SAME_ORIGIN)
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    return response


async def verdicts(server: Server, pasted: str, **fields: str) -> dict[str, str]:
    response = await inspect(server, pasted, **fields)
    assert response.status_code == 200
    found = {check: verdict for verdict, check in VERDICT.findall(response.text)}
    assert list(found) == list(Check)
    return found


def failing(found: dict[str, str]) -> Sequence[str]:
    return [check for check, verdict in found.items() if verdict == "failed"]


class TestWhatItSays:
    pytestmark = pytest.mark.rfc("9449", "4.3")

    async def test_a_valid_proof_passes_every_check_that_can_be_judged(
        self, server: Server, key: DpopKey
    ) -> None:
        found = await verdicts(server, server.proof(key))
        assert failing(found) == []
        skipped = {check for check, verdict in found.items() if verdict == "not judged"}
        assert skipped == {"ath", "jkt", "client_key", "replay", "binding"}

    @pytest.mark.parametrize(
        ("check", "changes"),
        [
            ("typ", {"header": {"typ": "JWT"}}),
            ("alg", {"header": {"alg": "HS256"}}),
            ("claims", {"without": ("jti",)}),
            ("htm", {"htm": "GET"}),
            ("htu", {"htu": "https://other.example/token"}),
            ("iat", {"iat": 1_000_000_000}),
            ("nonce", {"nonce": "made-up"}),
        ],
    )
    async def test_it_names_the_check_that_the_token_endpoint_refuses(
        self, server: Server, key: DpopKey, check: str, changes: dict[str, object]
    ) -> None:
        proof = server.proof(key, **changes)
        assert failing(await verdicts(server, proof))[0] == check
        answer = await server.redeem(await server.code(), key, proof=proof)
        if check in {"iat", "nonce"}:
            challenged(answer, check)
        else:
            proof_refused(answer, check)

    async def test_expected_stands_beside_received_and_the_clock_difference_is_told(
        self, server: Server, key: DpopKey
    ) -> None:
        proof = server.proof(key, htu="https://other.example/token", iat=server.clock.now() - 3600)
        text = unescape((await inspect(server, proof)).text)
        assert f"<code>{server.token_endpoint}</code>" in text
        assert "<code>https://other.example/token</code>" in text
        assert "3600 seconds behind this server" in text
        assert "Take the endpoint's URI from the server's metadata" in text

    async def test_header_payload_and_thumbprint_are_shown(
        self, server: Server, key: DpopKey
    ) -> None:
        text = unescape((await inspect(server, server.proof(key, jti="my-jti"))).text)
        assert '"jti": "my-jti"' in text
        assert key.public_jwk["x"] in text
        assert key.jkt in text

    @pytest.mark.rfc("9449", "7.1")
    async def test_a_request_to_a_resource_has_token_and_key_judged(
        self, server: Server, key: DpopKey, other_key: DpopKey
    ) -> None:
        url = server.settings.issuer + "/demo/resource"
        members = issued(
            await server.redeem(await server.code(resources=(url,), scopes=frozenset()), key)
        )
        token = members["access_token"]
        for signer, verdict in ((key, "passed"), (other_key, "failed")):
            proof = server.proof(signer, htm="GET", htu=url, ath=s256(token))
            request = (
                f"GET /demo/resource?x=1 HTTP/1.1\nHost: elsewhere\n"
                f"Authorization: DPoP {token}\nDPoP: {proof}\n"
            )
            found = await verdicts(server, request)
            assert (found["ath"], found["jkt"], found["htu"]) == ("passed", verdict, "passed")

    @pytest.mark.rfc("9449", "8")
    async def test_a_nonce_of_the_server_is_known(self, start: Start, key: DpopKey) -> None:
        server = await start(dpop_nonce="required")
        assert failing(await verdicts(server, server.proof(key))) == ["nonce"]
        nonce = challenged(await server.redeem(await server.code(), key))
        assert failing(await verdicts(server, server.proof(key, nonce=nonce))) == []

    async def test_what_is_told_beside_the_paste_counts(self, server: Server, key: DpopKey) -> None:
        proof = server.proof(key, htm="PUT", htu="https://api.example/x", ath=s256("t"))
        told = {"method": "PUT", "url": "https://api.example/x?y", "access_token": "t"}
        assert failing(await verdicts(server, proof, **told)) == []

    async def test_without_its_store_it_says_all_but_the_nonce(
        self, server: Server, key: DpopKey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def out_of_reach(_: int) -> None:
            raise TemporarilyUnavailable("no")

        monkeypatch.setattr(server.stores.proofs, "known_nonce", out_of_reach)
        found = await verdicts(server, server.proof(key))
        assert (found["nonce"], found["iat"]) == ("not judged", "passed")


class TestWhatItKeeps:
    pytestmark = pytest.mark.rfc("9449", "11.1")

    async def test_the_proof_is_not_used_up(self, server: Server, key: DpopKey) -> None:
        proof = server.proof(key)
        for _ in range(2):
            assert failing(await verdicts(server, proof)) == []
        issued(await server.redeem(await server.code(), key, proof=proof))
        # And after it was used, the inspector says nothing of that.
        assert failing(await verdicts(server, proof)) == []

    async def test_nothing_is_written(self, server: Server, key: DpopKey) -> None:
        before = server.rows(), await server.audit()
        await verdicts(server, server.proof(key))
        assert (server.rows(), await server.audit()) == before

    async def test_no_nonce_is_made(self, server: Server, key: DpopKey) -> None:
        response = await inspect(server, server.proof(key, nonce="n"))
        assert "dpop-nonce" not in response.headers
        assert await server.stores.proofs.known_nonce(int(server.clock.now() // 60)) is None

    async def test_no_secret_comes_back_or_is_logged(
        self, server: Server, key: DpopKey, capsys: pytest.CaptureFixture[str]
    ) -> None:
        private = key.key.as_dict(private=True)
        proof = server.proof(key, header={"jwk": private}, jti="my-jti")
        body = {"grant_type": "authorization_code", "code": SECRET, "client_secret": SECRET}
        request = (
            f"POST /token?x={SECRET} HTTP/1.1\nHost: a\nAuthorization: Basic {SECRET}\n"
            f"Cookie: {SECRET}\nContent-Type: application/x-www-form-urlencoded\n"
            f"DPoP: {proof}\n\n{urlencode(body)}\n"
        )
        text = (await inspect(server, request, access_token=SECRET)).text
        captured = capsys.readouterr()
        logged = captured.out + captured.err
        assert "path=/explorer/inspect" in logged
        for secret in (SECRET, private["d"], proof):
            assert secret not in text
            assert secret not in logged
        assert "my-jti" not in logged
        assert "&#34;d&#34;: &#34;(private, not shown)&#34;" in text

    @pytest.mark.parametrize("written", [dict, json.dumps])
    async def test_a_key_pair_in_jwk_is_never_repeated_not_even_as_a_string(
        self, server: Server, key: DpopKey, written: Callable[[Any], Any]
    ) -> None:
        private = key.key.as_dict(private=True)
        proof = server.proof(key, header={"jwk": written(private)})
        assert private["d"] not in (await inspect(server, proof)).text
        answer = await server.redeem(await server.code(), key, proof=proof)
        proof_refused(answer, "jwk")
        assert private["d"] not in answer.text


class TestWhatItTakes:
    @pytest.mark.parametrize("pasted", ["", "  \n "])
    async def test_nothing_pasted_is_told(self, server: Server, pasted: str) -> None:
        response = await inspect(server, pasted)
        assert response.status_code == 400
        assert 'role="alert"' in response.text

    @pytest.mark.parametrize("url", ["x", "javascript:alert(1)", '"><script>'])
    async def test_a_url_that_is_none_is_told(self, server: Server, key: DpopKey, url: str) -> None:
        response = await inspect(server, server.proof(key), url=url)
        assert response.status_code == 400
        assert "must be an absolute http or https URL" in response.text
        assert "<script" not in response.text

    async def test_too_much_is_refused(self, server: Server) -> None:
        assert (await inspect(server, "a" * 70_000)).status_code == 413

    async def test_another_site_cannot_send_the_form(self, server: Server, key: DpopKey) -> None:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            response = await server.http.post(
                PATH, data={"pasted": server.proof(key)}, headers=headers
            )
            assert response.status_code == 403

    async def test_markup_in_a_proof_is_text(self, server: Server, key: DpopKey) -> None:
        proof = server.proof(key, htu="<script>alert(1)</script>", jti="<img src=x>")
        text = (await inspect(server, proof, method="<b>", url="")).text
        assert not re.search(r"<(script|img src=x|b)>", text)

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        st.dictionaries(
            st.sampled_from(["pasted", "method", "url", "access_token", "x"]),
            st.text(max_size=300)
            | st.text("POSTGE /:abDPo.\r\n>HTTP1{}[]\"'eyJ0", max_size=300)
            | st.sampled_from(["a.b.c", "e30.e30.", "POST /token HTTP/1.1\nDPoP: e30.e30.e30\n"]),
        )
    )
    async def test_whatever_comes_is_no_error_of_the_servers(
        self, server: Server, fields: dict[str, str]
    ) -> None:
        encoded = urlencode(fields, errors="replace")
        headers = {**SAME_ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}
        response = await server.http.post(PATH, content=encoded, headers=headers)
        assert response.status_code in {200, 400}

    async def test_deep_and_huge_json_is_no_error_of_the_servers(
        self, server: Server, key: DpopKey
    ) -> None:
        deep = b'{"a":' + b"[" * 900 + b"]" * 900 + b"}"
        for payload in (deep, b'{"iat":' + b"9" * 4000 + b"}", b'{"a":1e999}', b"\xff", b"[]"):
            proof = key.sign_raw(b'{"typ":"dpop+jwt","alg":"ES256"}', payload)
            assert (await inspect(server, proof)).status_code == 200


class TestWhereItIs:
    @pytest.mark.parametrize(
        ("settings", "status"),
        [
            ({}, 200),
            ({"explorer": "off"}, 404),
            ({"issuer": "https://as.example"}, 404),
            ({"issuer": "https://as.example", "explorer": "on"}, 200),
        ],
    )
    async def test_it_is_there_on_loopback_or_where_it_is_wanted(
        self, start: Start, settings: dict[str, str], status: int
    ) -> None:
        server = await start(**settings)
        assert (await server.http.get(PATH)).status_code == status
        response = await server.http.post(PATH, data={"pasted": "a"}, headers=SAME_ORIGIN)
        assert response.status_code == status
