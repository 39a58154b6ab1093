"""The metadata document (RFC 8414)."""

import dataclasses

import pytest
from authlib.oauth2.rfc8414 import (  # type: ignore[import-untyped]  # Authlib ships no types
    AuthorizationServerMetadata,
)

from app.oauth.metadata import Served, document

ISSUER = "https://as.example"
SERVED = Served(
    endpoints={
        "authorization_endpoint": "/authorize",
        "token_endpoint": "/token",
        "jwks_uri": "/jwks",
    },
    auth_methods={"token": ("private_key_jwt", "none")},
    assertion_algs=("ES256", "PS256"),
    dpop_algs=("ES256", "EdDSA"),
    scopes=("write", "read"),
)


@pytest.mark.rfc("8414", "2")
def test_the_document_is_valid_metadata() -> None:
    metadata = AuthorizationServerMetadata(document(ISSUER, SERVED))
    metadata.validate()
    assert metadata["issuer"] == ISSUER
    assert metadata["token_endpoint"] == "https://as.example/token"
    assert metadata["jwks_uri"] == "https://as.example/jwks"
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["response_modes_supported"] == ["query"]
    assert metadata["scopes_supported"] == ["read", "write"]
    assert metadata["request_parameter_supported"] is True
    assert "none" not in metadata["request_object_signing_alg_values_supported"]
    assert metadata["request_uri_parameter_supported"] is False


@pytest.mark.rfc("7636", "6.2")
def test_only_s256_is_advertised() -> None:
    assert document(ISSUER, SERVED)["code_challenge_methods_supported"] == ["S256"]


@pytest.mark.rfc("9449", "5.1")
def test_the_proof_algorithms_are_advertised() -> None:
    assert document(ISSUER, SERVED)["dpop_signing_alg_values_supported"] == ["ES256", "EdDSA"]


@pytest.mark.rfc("9207", "3")
def test_the_iss_parameter_is_advertised() -> None:
    assert document(ISSUER, SERVED)["authorization_response_iss_parameter_supported"] is True


@pytest.mark.rfc("8414", "2")
def test_assertion_algorithms_stand_where_assertions_are_taken() -> None:
    found = document(ISSUER, SERVED)
    assert found["token_endpoint_auth_methods_supported"] == ["none", "private_key_jwt"]
    assert found["token_endpoint_auth_signing_alg_values_supported"] == ["ES256", "PS256"]
    without = dataclasses.replace(SERVED, auth_methods={"token": ("none",)})
    assert "token_endpoint_auth_signing_alg_values_supported" not in document(ISSUER, without)


@pytest.mark.rfc("8414", "3.2")
def test_members_without_elements_are_left_out() -> None:
    assert "scopes_supported" not in document(ISSUER, dataclasses.replace(SERVED, scopes=()))


def test_members_of_other_specifications_are_added_as_they_are() -> None:
    further = {"require_pushed_authorization_requests": True}
    found = document(ISSUER, dataclasses.replace(SERVED, further=further))
    assert found["require_pushed_authorization_requests"] is True
