"""Verifiers, others' and ours, take our tokens and the proofs of app.client, and nothing less."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

import httpx
import pytest

from app.client import DpopAuth, DpopKey, sign_proof
from tests.flows.place import SCOPE
from tests.kitchen import (
    RESOURCE,
    Kitchen,
    RunApi,
    open_kitchen,
    run_express,
    run_fastapi,
    run_node,
)
from tests.npm_packages import PACKAGES
from tests.pantry import Pantry

ELSEWHERE = "https://other.example"


def run_oauth4webapi(pantry: Pantry, settings: Mapping[str, str]) -> AbstractContextManager[str]:
    return run_node(pantry, PACKAGES / "oauth4webapi_api.mjs", settings)


OURS: dict[str, RunApi] = {"holdfast-guard": run_fastapi}
OTHERS: dict[str, RunApi] = {
    "express-oauth2-jwt-bearer": run_express,
    "oauth4webapi": run_oauth4webapi,
}


@dataclass(frozen=True)
class Api:
    """A running API, and a service that has tokens for it."""

    kitchen: Kitchen
    service: dict[str, str]

    @property
    def notes(self) -> str:
        return self.kitchen.api + "/notes"

    def token(self, key: DpopKey, *, resource: str = RESOURCE, scope: str = "notes.read") -> str:
        request = {
            "grant_type": "client_credentials",
            "client_id": self.service["client_id"],
            "client_secret": self.service["client_secret"],
            "resource": resource,
            "scope": scope,
        }
        issuer = self.kitchen.place.issuer
        answer = httpx.post(issuer + "/token", data=request, auth=DpopAuth(key), timeout=60)
        token: str = answer.raise_for_status().json()["access_token"]
        return token

    def get(self, auth: httpx.Auth | None = None, **headers: str) -> httpx.Response:
        return httpx.get(self.notes, auth=auth, headers=headers, timeout=60)


@pytest.fixture(scope="module")
def api(
    pantry: Pantry, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Api]:
    run_api = (OURS | OTHERS)[request.param]
    with open_kitchen(pantry, tmp_path_factory.mktemp("kitchen"), run_api) as kitchen:
        kitchen.place.shell.json("resource", "add", ELSEWHERE, "--scope", SCOPE)
        service = kitchen.place.register(
            "--type", "service", "--scope", SCOPE, auth_method="client_secret_post"
        )
        yield Api(kitchen, service)


every_verifier = pytest.mark.parametrize("api", OURS | OTHERS, indirect=True, scope="module")
our_guard = pytest.mark.parametrize("api", OURS, indirect=True, scope="module")


@every_verifier
@pytest.mark.rfc("9449", "4.3")
@pytest.mark.parametrize("alg", ["ES256", "ES512", "EdDSA", "PS256", "RS256"])
def test_our_token_and_proof_are_taken(api: Api, alg: str) -> None:
    key = DpopKey.generate(alg)
    answer = api.get(DpopAuth(key, api.token(key)))
    assert answer.status_code == 200, answer.text
    assert answer.json()["owner"] == api.service["client_id"]


@every_verifier
@pytest.mark.rfc("9449", "7.1")
def test_a_stolen_token_is_refused_with_another_key(api: Api) -> None:
    stolen = api.token(DpopKey.generate())
    assert api.get(DpopAuth(DpopKey.generate(), stolen)).status_code == 401


@every_verifier
@pytest.mark.rfc("6750", "3.1")
def test_a_token_without_the_scope_is_refused(api: Api) -> None:
    key = DpopKey.generate()
    assert api.get(DpopAuth(key, api.token(key, scope="notes.write"))).status_code == 403


@every_verifier
@pytest.mark.rfc("9449", "7.2")
def test_a_bound_token_is_refused_as_a_bearer_token(api: Api) -> None:
    token = api.token(DpopKey.generate())
    assert api.get(Authorization=f"Bearer {token}").status_code in {400, 401}


@every_verifier
@pytest.mark.rfc("8707", "2")
def test_a_token_for_another_api_is_refused(api: Api) -> None:
    key = DpopKey.generate()
    elsewhere = api.token(key, resource=ELSEWHERE)
    assert api.get(DpopAuth(key, elsewhere)).status_code == 401


@our_guard
@pytest.mark.rfc("9449", "11.1")
def test_a_proof_is_taken_once(api: Api) -> None:
    key = DpopKey.generate()
    token = api.token(key)

    def send(proof: str) -> httpx.Response:
        return api.get(Authorization=f"DPoP {token}", DPoP=proof)

    # A guard that started a moment ago asks for a nonce.
    asked = send(sign_proof(key, "GET", api.notes, access_token=token))
    nonce = asked.headers.get("DPoP-Nonce")
    proof = sign_proof(key, "GET", api.notes, nonce=nonce, access_token=token)
    assert send(proof).status_code == 200
    again = send(proof)
    assert again.status_code == 401
    assert 'error="invalid_dpop_proof"' in again.headers["WWW-Authenticate"]
