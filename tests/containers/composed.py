"""The composed server, as an operator at a terminal and a client on the network meet it."""

import base64
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from app.cli.demo.browser import Browser
from app.client import DpopAuth, DpopKey
from tests.builders import s256

ROOT = Path(__file__).parents[2]
PORT = os.environ.get("PROXY_PORT", "8000")
ISSUER = f"http://127.0.0.1:{PORT}"
REDIRECT_URI = "http://127.0.0.1/callback"
VERIFIER = "v" * 64


def docker(*arguments: str, given: str | None = None, **settings: str) -> str:
    """Run a docker command in the checkout and return what it printed."""
    run = subprocess.run(
        ["docker", *arguments],
        cwd=ROOT,
        env={**os.environ, **settings},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, f"docker {' '.join(arguments)}: {run.stderr[-2000:]}"
    return run.stdout


def compose(*arguments: str, given: str | None = None, **settings: str) -> str:
    return docker("compose", *arguments, given=given, **settings)


def holdfast(*arguments: str, given: str | None = None) -> Any:
    """Run a holdfast command inside the running server, as the documentation says to."""
    command = ("exec", "-T", "app", "holdfast", *arguments, "--json")
    return json.loads(compose(*command, given=given))


def up(*arguments: str, **settings: str) -> None:
    """Bring the project up with the images that are there, and wait until all is healthy."""
    compose("up", "--detach", "--no-build", "--wait", *arguments, **settings)


def containers(*services: str) -> list[dict[str, Any]]:
    """Describe the running containers of these services, or of all."""
    found = compose("ps", "--quiet", *services).split()
    described: list[dict[str, Any]] = json.loads(docker("inspect", *found))
    return described


def ids(service: str) -> list[str]:
    return [str(each["Id"]) for each in containers(service)]


def answered(path: str) -> set[str]:
    """Name the servers whose logs tell of a request."""
    lines = compose("logs", "--tail", "200", "app").splitlines()
    return {line.split()[0] for line in lines if f'"path": "{path}"' in line}


@dataclass(frozen=True)
class Confidential:
    """A client with a secret and a key, of the client credentials grant."""

    client_id: str
    client_secret: str
    key: DpopKey

    def ask(
        self, http: httpx.Client, issuer: str = ISSUER, auth: DpopAuth | None = None
    ) -> httpx.Response:
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        return http.post(
            f"{issuer}/token",
            data={"grant_type": "client_credentials"},
            headers={"Authorization": f"Basic {basic}"},
            auth=auth or DpopAuth(self.key),
        )


@dataclass(frozen=True)
class Public:
    """A client without a secret: an app on a person's machine."""

    client_id: str
    key: DpopKey

    def tokens(self, email: str, password: str) -> httpx.Response:
        """Send a person through sign-in and consent, and redeem the code."""
        request = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": REDIRECT_URI,
            "code_challenge": s256(VERIFIER),
            "code_challenge_method": "S256",
            "dpop_jkt": self.key.thumbprint,
            "state": "x",
        }
        browser = Browser(ISSUER)
        try:
            url = f"{ISSUER}/authorize?{urlencode(request)}"
            callback = browser.authorize(url, email=email, password=password)
        finally:
            browser.close()
        answer = parse_qs(urlsplit(callback).query)
        return self._post(
            grant_type="authorization_code",
            code=answer["code"][0],
            redirect_uri=REDIRECT_URI,
            code_verifier=VERIFIER,
        )

    def refresh(self, token: str, key: DpopKey | None = None) -> httpx.Response:
        return self._post(key, grant_type="refresh_token", refresh_token=token)

    def _post(self, key: DpopKey | None = None, **form: str) -> httpx.Response:
        data = {**form, "client_id": self.client_id}
        return httpx.post(f"{ISSUER}/token", data=data, auth=DpopAuth(key or self.key))


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    members: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return members
