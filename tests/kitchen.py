"""Where the examples of docs/clients and docs/apis are run: a real server and a real API."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

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
        return started([interpreter, str(example)], settings, folder)


@contextmanager
def serve_api(npm: Npm, example: Path, **settings: str) -> Iterator[str]:
    """Run an API in JavaScript on a free port until it is no longer needed; yield its URL."""
    with npm.start(example, AUDIENCE=RESOURCE, PORT="0", **settings) as running:
        listening = "Listening on "
        yield running.read_line(starting=listening).removeprefix(listening)


@contextmanager
def open_kitchen(npm: Npm, folder: Path, *, origin: str = "", **settings: str) -> Iterator[Kitchen]:
    """Run a server with these settings, and the API in Express, for pages of this origin too."""
    with open_place(folder, **settings) as place:
        place.shell.json("resource", "add", RESOURCE, "--scope", SCOPE)
        express = APIS / "express.mjs"
        with serve_api(npm, express, ISSUER=place.issuer, ORIGIN=origin) as api:
            yield Kitchen(place, api, npm)
