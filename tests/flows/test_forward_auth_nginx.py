"""docs/apis/nginx.conf in Debian's nginx, with the API of flask_notes.py behind it."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.oauth.ports import ResourceServer
from tests.answers import issued
from tests.architecture.source import ROOT
from tests.builders import DpopKey, s256
from tests.harness import API, WEB, Server, listening
from tests.programs import started
from tests.redis_servers import free_port
from tests.replicas.nginx import listens, nginx_binary
from tests.replicas.processes import WITHIN

APIS = ROOT / "docs" / "apis"
NOTES = ResourceServer("https://notes.example", "Notes", frozenset({"notes.read"}))
URL = "https://notes.example/notes?newest=1"

_AROUND = """
daemon off;
master_process off;
pid {directory}/pid;
error_log stderr warn;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/notes.conf;
}}
"""


@dataclass
class Guarded:
    """The API as its clients reach it, through nginx, and the server that nginx asks."""

    server: Server
    http: httpx.AsyncClient

    async def token(
        self, key: DpopKey, resource: str = NOTES.uri, scope: str = "notes.read"
    ) -> str:
        client = await self.server.change(WEB, scopes=frozenset({"read", "notes.read"}))
        asked = {"resource": resource, "scope": scope}
        answer = await self.server.client_credentials(key, client, **asked)
        return str(issued(answer)["access_token"])

    async def get(
        self, key: DpopKey, token: str, *more: tuple[str, str], **claims: Any
    ) -> httpx.Response:
        """Call the API as a client does, valid but for the claims and the header fields."""
        valid: dict[str, Any] = {
            "htm": "GET",
            "htu": "https://notes.example/notes",
            "ath": s256(token),
        }
        proof = key.proof(**{**valid, "iat": self.server.clock.now(), **claims})
        headers = [("Host", "notes.example"), ("Authorization", f"DPoP {token}"), ("DPoP", proof)]
        return await self.http.get("/notes?newest=1", headers=[*headers, *more])


@pytest.fixture
async def guarded(template: Path, tmp_path: Path) -> AsyncIterator[Guarded]:
    data, ports = tmp_path / "data", (free_port(), free_port())
    async with listening(data, template=template, forward_auth_proxies="127.0.0.1") as server:
        await server.add(NOTES)
        flask = [sys.executable, "-m", "flask", "--app", str(APIS / "flask_notes.py"), "run"]
        with (
            started([*flask, "--port", str(ports[0])], {}),
            nginx(tmp_path, server.settings.issuer, *ports),
        ):
            for port in ports:
                await listens(port)
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports[1]}") as http:
                yield Guarded(server, http)


@contextmanager
def nginx(directory: Path, issuer: str, api: int, own: int) -> Iterator[None]:
    """Run nginx with the documented configuration, but for the ports."""
    written = (APIS / "nginx.conf").read_text()
    for documented, here in (
        ("127.0.0.1:8000", issuer.removeprefix("http://")),
        ("127.0.0.1:3000", f"127.0.0.1:{api}"),
        ("127.0.0.1:8080", f"127.0.0.1:{own}"),
    ):
        assert written.count(documented) == 1
        written = written.replace(documented, here)
    (directory / "notes.conf").write_text(written)
    (directory / "nginx.conf").write_text(_AROUND.format(directory=directory))
    command = [nginx_binary(), "-e", "stderr", "-p", str(directory), "-c", "nginx.conf"]
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.terminate()
        process.wait(WITHIN)


async def test_a_bound_token_and_its_key_open_the_api(guarded: Guarded, key: DpopKey) -> None:
    answer = await guarded.get(key, await guarded.token(key))
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"notes": ["Buy milk"], "owner": "web"}


async def test_the_api_hears_nothing_of_what_a_client_says_of_itself(
    guarded: Guarded, key: DpopKey
) -> None:
    own = [("X-Holdfast-Subject", "root"), ("x-holdfast-scope", "notes.read all")]
    answer = await guarded.get(key, await guarded.token(key), *own)
    assert answer.json()["owner"] == "web"


async def test_what_a_client_says_of_the_request_counts_for_nothing(
    guarded: Guarded, key: DpopKey
) -> None:
    token = await guarded.token(key, API.uri, "read")
    htu = "https://api.example/orders"
    own = [
        ("X-Forwarded-Host", "api.example"),
        ("X-Forwarded-Uri", "/orders"),
        ("X-Forwarded-Method", "GET"),
        ("X-Forwarded-Proto", "https"),
    ]
    assert (await guarded.get(key, token, *own, htu=htu)).status_code == 401
    assert (await guarded.get(key, token, *own)).status_code == 401


async def test_no_token_is_told_the_scheme(guarded: Guarded) -> None:
    answer = await guarded.http.get("/notes", headers={"Host": "notes.example"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("DPoP algs=")


async def test_the_reason_reaches_the_client(guarded: Guarded, key: DpopKey) -> None:
    answer = await guarded.get(key, await guarded.token(key), htm="POST")
    assert answer.status_code == 401
    assert 'error="invalid_dpop_proof"' in answer.headers["www-authenticate"]
    assert "htm is 'POST', expected 'GET'" in answer.headers["www-authenticate"]


async def test_a_stolen_token_opens_nothing(
    guarded: Guarded, key: DpopKey, other_key: DpopKey
) -> None:
    token = await guarded.token(key)
    assert (await guarded.get(other_key, token)).status_code == 401
    bearer = {"Host": "notes.example", "Authorization": f"Bearer {token}"}
    assert (await guarded.http.get("/notes", headers=bearer)).status_code == 401


async def test_a_proof_is_good_for_one_request(guarded: Guarded, key: DpopKey) -> None:
    token = await guarded.token(key)
    assert (await guarded.get(key, token, jti="the same")).status_code == 200
    assert (await guarded.get(key, token, jti="the same")).status_code == 401


async def test_a_nonce_goes_out_with_the_challenge_and_with_the_answer(
    guarded: Guarded, key: DpopKey
) -> None:
    token = await guarded.token(key)
    challenge = await guarded.get(key, token, iat=1)
    assert challenge.status_code == 401
    assert 'error="use_dpop_nonce"' in challenge.headers["www-authenticate"]
    answer = await guarded.get(key, token, iat=1, nonce=challenge.headers["dpop-nonce"])
    assert answer.status_code == 200
    assert answer.headers["dpop-nonce"]


async def test_a_token_for_another_api_is_401(guarded: Guarded, key: DpopKey) -> None:
    answer = await guarded.get(key, await guarded.token(key, API.uri, "read"))
    assert answer.status_code == 401


async def test_where_nothing_is_registered_is_403(guarded: Guarded, key: DpopKey) -> None:
    token = await guarded.token(key)
    await guarded.server.remove(NOTES)
    assert (await guarded.get(key, token)).status_code == 403


async def test_the_endpoint_cannot_be_called_through_the_proxy(guarded: Guarded) -> None:
    answer = await guarded.http.get("/_forward_auth", headers={"Host": "notes.example"})
    assert answer.status_code == 404


async def test_the_body_reaches_the_api_but_not_the_server(guarded: Guarded, key: DpopKey) -> None:
    token = await guarded.token(key)
    claims: dict[str, Any] = {
        "htm": "POST",
        "htu": "https://notes.example/notes",
        "ath": s256(token),
    }
    proof = key.proof(**{**claims, "iat": guarded.server.clock.now()})
    headers = {"Host": "notes.example", "Authorization": f"DPoP {token}", "DPoP": proof}
    answer = await guarded.http.post("/notes", content=b"x" * 200_000, headers=headers)
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
