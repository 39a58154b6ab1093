"""The metadata document as it is served (RFC 8414)."""

from typing import Any

import pytest
from authlib.oauth2.rfc8414 import (  # type: ignore[import-untyped]  # Authlib ships no types
    AuthorizationServerMetadata,
)

from tests.builders import ISSUER
from tests.conftest import Start
from tests.harness import Server

PATH = "/.well-known/oauth-authorization-server"


@pytest.fixture
async def metadata(server: Server) -> dict[str, Any]:
    members: dict[str, Any] = (await server.http.get(PATH)).json()
    return members


@pytest.mark.rfc("8414", "3")
async def test_it_is_served_as_json_to_every_origin(server: Server) -> None:
    response = await server.http.get(PATH, headers={"Origin": "https://app.example"})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["access-control-allow-origin"] == "*"


@pytest.mark.rfc("8414", "2")
async def test_a_library_finds_it_valid(start: Start) -> None:
    server = await start(issuer="https://as.example")
    document = (await server.http.get(PATH)).json()
    AuthorizationServerMetadata(document).validate()
    assert document["issuer"] == "https://as.example"


@pytest.mark.rfc("8414", "3.3")
async def test_the_issuer_is_the_configured_one(metadata: dict[str, Any]) -> None:
    assert metadata["issuer"] == ISSUER


@pytest.mark.rfc("8414", "2")
@pytest.mark.parametrize(
    ("name", "method", "statuses"),
    [
        ("authorization_endpoint", "GET", {400}),
        ("token_endpoint", "POST", {415}),
        ("pushed_authorization_request_endpoint", "POST", {415}),
        ("device_authorization_endpoint", "POST", {415}),
        ("revocation_endpoint", "POST", {415}),
        ("introspection_endpoint", "POST", {415}),
        ("jwks_uri", "GET", {200}),
    ],
)
async def test_every_endpoint_is_where_it_says(
    server: Server, metadata: dict[str, Any], name: str, method: str, statuses: set[int]
) -> None:
    response = await server.http.request(method, metadata[name])
    assert response.status_code in statuses


async def test_every_endpoint_it_names_is_tested_above(metadata: dict[str, Any]) -> None:
    named = {name for name in metadata if name.endswith(("_endpoint", "_uri"))}
    assert named == {
        "authorization_endpoint",
        "token_endpoint",
        "pushed_authorization_request_endpoint",
        "device_authorization_endpoint",
        "revocation_endpoint",
        "introspection_endpoint",
        "jwks_uri",
    }


@pytest.mark.rfc("8414", "2")
async def test_it_says_what_is_taken(metadata: dict[str, Any]) -> None:
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["response_modes_supported"] == ["query"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["grant_types_supported"] == [
        "authorization_code",
        "client_credentials",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    ]
    assert set(metadata["token_endpoint_auth_methods_supported"]) == {
        "none",
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
    }
    assert "none" not in metadata["token_endpoint_auth_signing_alg_values_supported"]


@pytest.mark.rfc("9449", "5.1")
async def test_the_proof_algorithms_are_those_of_the_setting(start: Start) -> None:
    server = await start(dpop_algs="ES256,PS256")
    document = (await server.http.get(PATH)).json()
    assert document["dpop_signing_alg_values_supported"] == ["ES256", "PS256"]
