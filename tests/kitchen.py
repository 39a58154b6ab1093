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
from tests.pantry import Pantry
from tests.programs import WITHIN, Program, started

CLIENTS = ROOT / "docs" / "clients"
APIS = ROOT / "docs" / "apis"
RESOURCE = "https://notes.example"

RunApi = Callable[[Pantry, Mapping[str, str]], AbstractContextManager[str]]


@dataclass(frozen=True)
class Kitchen:
    """A server, the API of the cookbook, and what runs the examples."""

    place: Place
    api: str
    pantry: Pantry

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
            return self.pantry.npm.start(example, **settings)
        interpreter = {".py": sys.executable, ".sh": "/bin/sh"}[example.suffix]
        return started([interpreter, str(example)], self.pantry.for_python(settings), folder)


@contextmanager
def run_node(pantry: Pantry, example: Path, settings: Mapping[str, str]) -> Iterator[str]:
    """Run an API in JavaScript on a free port until it is no longer needed; yield its URL."""
    with pantry.npm.start(example, **settings, PORT="0") as running:
        listening = "Listening on "
        yield running.read_line(starting=listening).removeprefix(listening)


def run_express(pantry: Pantry, settings: Mapping[str, str]) -> AbstractContextManager[str]:
    """Run the API in Express."""
    return run_node(pantry, APIS / "express.mjs", settings)


@contextmanager
def run_fastapi(pantry: Pantry, settings: Mapping[str, str]) -> Iterator[str]:
    """Run the API in FastAPI on a free port until it is no longer needed; yield its URL."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        url = f"http://127.0.0.1:{opened.getsockname()[1]}"
        app = ["--app-dir", str(APIS), "fastapi_notes:app", "--fd", str(opened.fileno())]
        with started(
            [sys.executable, "-m", "uvicorn", *app],
            pantry.for_python({**settings, "BASE_URL": url}),
            pass_fds=[opened.fileno()],
        ):
            # The socket listens already: the answer comes once the API has started.
            httpx.get(f"{url}/openapi.json", timeout=WITHIN).raise_for_status()
            yield url


@contextmanager
def open_kitchen(
    pantry: Pantry,
    folder: Path,
    run_api: RunApi = run_express,
    *,
    origin: str = "",
    **settings: str,
) -> Iterator[Kitchen]:
    """Run a server with these settings, and an API that pages of this origin may call."""
    with open_place(folder, **settings) as place:
        place.shell.json("resource", "add", RESOURCE, "--scope", SCOPE)
        nonce = settings.get("dpop_nonce", "auto")
        about = {"ISSUER": place.issuer, "AUDIENCE": RESOURCE, "ORIGIN": origin, "NONCE": nonce}
        with run_api(pantry, about) as api:
            yield Kitchen(place, api, pantry)
