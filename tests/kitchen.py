"""Where the examples of docs/clients and docs/apis are run: a real server and a real API."""

import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.architecture.source import ROOT
from tests.flows.place import SCOPE, Place, open_place
from tests.npm_packages import Npm
from tests.programs import WITHIN, Program, started

CLIENTS = ROOT / "docs" / "clients"
APIS = ROOT / "docs" / "apis"
RESOURCE = "https://notes.example"

RunApi = Callable[[Npm, Mapping[str, str]], AbstractContextManager[str]]

# How the examples import what is published: the packages of this source tree, by those names.
OURS = {"PYTHONPATH": str(Path(__file__).with_name("published"))}


@dataclass(frozen=True)
class Kitchen:
    """A server, the API of the cookbook, and what runs the examples."""

    place: Place
    api: str
    npm: Npm

    def settings(self, client: dict[str, str]) -> dict[str, str]:
        """Return what the examples for this client find in their environment."""
        return {
            "ISSUER": self.place.issuer,
            "CLIENT_ID": client["client_id"],
            "CLIENT_SECRET": client.get("client_secret", ""),
            "API": self.api,
            "RESOURCE": RESOURCE,
        }

    def cook(
        self, name: str, folder: Path, client: dict[str, str]
    ) -> AbstractContextManager[Program]:
        """Run an example of docs/clients in this folder, until it is no longer needed."""
        example, settings = CLIENTS / name, self.settings(client)
        if example.suffix == ".mjs":
            return self.npm.start(example, **settings)
        interpreter = {".py": sys.executable, ".sh": "/bin/sh"}[example.suffix]
        return started([interpreter, str(example)], {**settings, **OURS}, folder)


@contextmanager
def run_node(npm: Npm, example: Path, settings: Mapping[str, str]) -> Iterator[str]:
    """Run an API in JavaScript on a free port until it is no longer needed; yield its URL."""
    with npm.start(example, **settings, PORT="0") as running:
        listening = "Listening on "
        yield running.read_line(starting=listening).removeprefix(listening)


def run_express(npm: Npm, settings: Mapping[str, str]) -> AbstractContextManager[str]:
    """Run the API in Express."""
    return run_node(npm, APIS / "express.mjs", settings)


@contextmanager
def run_fastapi(npm: Npm, settings: Mapping[str, str]) -> Iterator[str]:  # noqa: ARG001  # as the others
    """Run the API in FastAPI on a free port until it is no longer needed; yield its URL."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        url = f"http://127.0.0.1:{opened.getsockname()[1]}"
        app = ["--app-dir", str(APIS), "fastapi_notes:app", "--fd", str(opened.fileno())]
        with started(
            [sys.executable, "-m", "uvicorn", *app],
            {**settings, **OURS, "BASE_URL": url},
            pass_fds=[opened.fileno()],
        ):
            # The socket listens already: the answer comes once the API has started.
            httpx.get(f"{url}/openapi.json", timeout=WITHIN).raise_for_status()
            yield url


@contextmanager
def open_kitchen(
    npm: Npm, folder: Path, run_api: RunApi = run_express, *, origin: str = "", **settings: str
) -> Iterator[Kitchen]:
    """Run a server with these settings, and an API that pages of this origin may call."""
    with open_place(folder, **settings) as place:
        place.shell.json("resource", "add", RESOURCE, "--scope", SCOPE)
        nonce = settings.get("dpop_nonce", "auto")
        about = {"ISSUER": place.issuer, "AUDIENCE": RESOURCE, "ORIGIN": origin, "NONCE": nonce}
        with run_api(npm, about) as api:
            yield Kitchen(place, api, npm)
