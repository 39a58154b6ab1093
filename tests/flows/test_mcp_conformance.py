"""The Model Context Protocol's conformance suite, npm @modelcontextprotocol/conformance.

Its client of the authorization code grant knows neither DPoP nor scopes, so it is registered for
bearer tokens, as an MCP host without DPoP would have to be.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.place import Place, open_place
from tests.npm_packages import Npm
from tests.redis_servers import free_port

RESOURCE = "https://mcp.example/mcp"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    settings = {"allow_bearer": "true", "client_id_metadata_documents": "true"}
    with open_place(tmp_path_factory.mktemp("place"), **settings) as place:
        place.shell.json("resource", "add", RESOURCE, "--scope", "notes.read")
        yield place


@pytest.fixture(scope="module")
def checks(
    npm: Npm, place: Place, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """Return what each check of the suite found, by its id."""
    client = place.register(
        *("--type", "native", "--redirect-uri", "http://127.0.0.1/callback"),
        *("--scope", "notes.read", "--bearer"),
    )
    port, results = free_port(), tmp_path_factory.mktemp("results")
    suite = npm.package("@modelcontextprotocol/conformance") / "dist" / "index.js"
    command = ["authorization", "--url", place.issuer, "--client-id", client["client_id"]]
    options = ["--resource", RESOURCE, "--port", str(port), "--output-dir", str(results)]
    with npm.start(suite, *command, *options) as running:
        url = running.read_line(starting=place.issuer + "/authorize")
        httpx.get(place.visit(url)).raise_for_status()
        summary = running.finish()
        assert " 0 failed" in summary
    return _read(results)


def _read(results: Path) -> dict[str, dict[str, Any]]:
    files = results.glob("**/checks.json")
    return {check["id"]: check for each in files for check in json.loads(each.read_text())}


def test_the_metadata_conform(checks: dict[str, dict[str, Any]]) -> None:
    check = checks["authorization-server-metadata"]
    assert check["status"] == "SUCCESS", check


def test_the_metadata_say_that_clients_may_be_known_by_a_url(
    checks: dict[str, dict[str, Any]],
) -> None:
    check = checks["authorization-server-metadata-cimd"]
    assert check["status"] == "SUCCESS", check


def test_the_authorization_code_grant_conforms(checks: dict[str, dict[str, Any]]) -> None:
    check = checks["authorization-code-grant"]
    assert check["status"] == "SUCCESS", check


def test_every_check_of_the_suite_succeeds(checks: dict[str, dict[str, Any]]) -> None:
    assert {check["status"] for check in checks.values()} == {"SUCCESS"}
