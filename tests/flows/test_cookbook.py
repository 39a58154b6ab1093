"""The examples of docs/clients and docs/apis do what their pages say: against a real server."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.architecture.source import ROOT
from tests.flows.place import SCOPE, Place, open_place
from tests.npm_packages import Npm
from tests.programs import Program, started

CLIENTS = ROOT / "docs" / "clients"
APIS = ROOT / "docs" / "apis"
RESOURCE = "https://notes.example"


@dataclass(frozen=True)
class Kitchen:
    """A server, the API of the cookbook, and what runs the examples."""

    place: Place
    api: str
    npm: Npm

    def cook(
        self, example: Path, folder: Path, client: dict[str, str]
    ) -> AbstractContextManager[Program]:
        """Run an example for a client, as its page says."""
        settings = {
            "ISSUER": self.place.issuer,
            "CLIENT_ID": client["client_id"],
            "CLIENT_SECRET": client.get("client_secret", ""),
            "API": self.api,
            "RESOURCE": RESOURCE,
        }
        if example.suffix == ".mjs":
            return self.npm.start(example, **settings)
        shell = {".py": sys.executable, ".sh": "/bin/sh"}[example.suffix]
        return started([shell, str(example)], settings, folder)


@pytest.fixture(scope="module", params=["auto", "required"])
def kitchen(
    npm: Npm, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Kitchen]:
    with open_place(tmp_path_factory.mktemp("place"), dpop_nonce=request.param) as place:
        place.shell.json("resource", "add", RESOURCE, "--scope", SCOPE)
        settings = {"ISSUER": place.issuer, "AUDIENCE": RESOURCE, "PORT": "0"}
        with npm.start(APIS / "express.mjs", **settings) as running:
            listening = "Listening on "
            api = running.read_line(starting=listening).removeprefix(listening)
            yield Kitchen(place, api, npm)


@pytest.mark.parametrize(
    "name", ["with_oauth4webapi.mjs", "with_openid_client.mjs", "with_requests_oauth2client.py"]
)
def test_a_native_app_signs_in_calls_the_api_and_refreshes(
    kitchen: Kitchen, tmp_path: Path, name: str
) -> None:
    redirect = ("--redirect-uri", "http://127.0.0.1/callback")
    client = kitchen.place.register("--type", "native", "--scope", SCOPE, *redirect)
    with kitchen.cook(CLIENTS / name, tmp_path, client) as running:
        url = running.read_line(starting=kitchen.place.issuer + "/authorize?")
        httpx.get(kitchen.place.visit(url)).raise_for_status()
        told = running.finish()
    assert "Buy milk" in told
    assert "Refreshed" in told


def test_a_service_calls_the_api_with_curl(kitchen: Kitchen, tmp_path: Path) -> None:
    client = kitchen.place.register("--type", "service", "--scope", SCOPE)
    with kitchen.cook(CLIENTS / "with_curl.sh", tmp_path, client) as running:
        told = running.finish()
    assert "Buy milk" in told
    assert client["client_id"] in told
