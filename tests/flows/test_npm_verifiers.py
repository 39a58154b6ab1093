"""Verifiers that others wrote take our tokens and the proofs of app.client, and nothing less."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from app.client import DpopAuth, DpopKey
from tests.architecture.source import ROOT
from tests.flows.place import Place, open_place
from tests.npm_packages import PACKAGES, Npm

AUDIENCE = "https://notes.example"
VERIFIERS = {
    "express-oauth2-jwt-bearer": ROOT / "docs" / "apis" / "express.mjs",
    "oauth4webapi": PACKAGES / "oauth4webapi_api.mjs",
}


@dataclass(frozen=True)
class Api:
    """A running API, and a service that has tokens for it."""

    url: str
    place: Place
    service: dict[str, str]

    def token(self, key: DpopKey, resource: str = AUDIENCE) -> str:
        request = {
            "grant_type": "client_credentials",
            "client_id": self.service["client_id"],
            "client_secret": self.service["client_secret"],
            "resource": resource,
        }
        answer = httpx.post(self.place.issuer + "/token", data=request, auth=DpopAuth(key))
        token: str = answer.raise_for_status().json()["access_token"]
        return token

    def get(self, auth: httpx.Auth | None = None, **headers: str) -> httpx.Response:
        return httpx.get(self.url + "/notes", auth=auth, headers=headers, timeout=30)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with open_place(tmp_path_factory.mktemp("place")) as place:
        for uri in (AUDIENCE, "https://other.example"):
            place.shell.json("resource", "add", uri, "--scope", "notes.read")
        yield place


@pytest.fixture(scope="module", params=VERIFIERS)
def api(npm: Npm, place: Place, request: pytest.FixtureRequest) -> Iterator[Api]:
    service = place.register(
        "--type", "service", "--scope", "notes.read", auth_method="client_secret_post"
    )
    settings = {"ISSUER": place.issuer, "AUDIENCE": AUDIENCE, "PORT": "0"}
    with npm.start(VERIFIERS[request.param], **settings) as running:
        url = running.read_line(starting="Listening on ").removeprefix("Listening on ")
        yield Api(url, place, service)


@pytest.mark.rfc("9449", "4.3")
@pytest.mark.parametrize("alg", ["ES256", "ES512", "EdDSA", "PS256", "RS256"])
def test_our_token_and_proof_are_taken(api: Api, alg: str) -> None:
    key = DpopKey.generate(alg)
    answer = api.get(DpopAuth(key, api.token(key)))
    assert answer.status_code == 200, answer.text
    assert answer.json()["owner"] == api.service["client_id"]


@pytest.mark.rfc("9449", "7.1")
def test_a_stolen_token_is_refused_with_another_key(api: Api) -> None:
    stolen = api.token(DpopKey.generate())
    assert api.get(DpopAuth(DpopKey.generate(), stolen)).status_code == 401


@pytest.mark.rfc("9449", "7.2")
def test_a_bound_token_is_refused_as_a_bearer_token(api: Api) -> None:
    token = api.token(DpopKey.generate())
    assert api.get(Authorization=f"Bearer {token}").status_code in {400, 401}


@pytest.mark.rfc("8707", "2")
def test_a_token_for_another_api_is_refused(api: Api) -> None:
    key = DpopKey.generate()
    elsewhere = api.token(key, "https://other.example")
    assert api.get(DpopAuth(key, elsewhere)).status_code == 401
