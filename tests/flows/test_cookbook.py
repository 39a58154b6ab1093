"""The examples of docs/clients do what their pages say, against a real server."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.flows.place import SCOPE
from tests.kitchen import Kitchen, open_kitchen, run_express, run_fastapi
from tests.pantry import Pantry


@pytest.fixture(
    scope="module",
    params=[("auto", run_express), ("required", run_fastapi)],
    ids=["express", "fastapi-nonces"],
)
def kitchen(
    pantry: Pantry, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Kitchen]:
    nonce, run_api = request.param
    folder = tmp_path_factory.mktemp("kitchen")
    with open_kitchen(pantry, folder, run_api, dpop_nonce=nonce) as kitchen:
        yield kitchen


@pytest.mark.parametrize(
    "name",
    [
        "with_authlib.py",
        "with_oauth4webapi.mjs",
        "with_openid_client.mjs",
        "with_requests_oauth2client.py",
    ],
)
def test_a_native_app_signs_in_calls_the_api_and_refreshes(
    kitchen: Kitchen, tmp_path: Path, name: str
) -> None:
    redirect = ("--redirect-uri", "http://127.0.0.1/callback")
    client = kitchen.place.register("--type", "native", "--scope", SCOPE, *redirect)
    with kitchen.cook(name, tmp_path, client) as running:
        url = running.read_line(starting=kitchen.place.issuer + "/authorize?")
        httpx.get(kitchen.place.visit(url)).raise_for_status()
        told = running.finish()
    assert "Buy milk" in told
    assert "Refreshed" in told


def test_a_service_calls_the_api_with_curl(kitchen: Kitchen, tmp_path: Path) -> None:
    client = kitchen.place.register("--type", "service", "--scope", SCOPE)
    with kitchen.cook("with_curl.sh", tmp_path, client) as running:
        told = running.finish()
    assert "Buy milk" in told
    assert client["client_id"] in told
