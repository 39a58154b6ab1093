"""What every answer of a kind must look like, whatever the test is about."""

import re
from typing import Any

import httpx

from tests.builders import ISSUER

# RFC 6749 §5.2: error_description MUST NOT include characters outside this set.
_DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")


def is_uncacheable(response: httpx.Response) -> bool:
    """RFC 6749 §5.1: Cache-Control: no-store and Pragma: no-cache."""
    headers = response.headers
    return (headers.get("cache-control"), headers.get("pragma")) == ("no-store", "no-cache")


def issued(response: httpx.Response, kind: str = "DPoP") -> dict[str, Any]:
    """Assert a success of the token endpoint, its token of a kind, and return its members."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    assert is_uncacheable(response)
    members: dict[str, Any] = response.json()
    assert members["token_type"] == kind
    assert members["access_token"]
    return members


def refused(response: httpx.Response, error: str, *, status: int = 400) -> str:
    """Assert an error that is no refusal of a proof, and return its description."""
    members = _error(response, error, status)
    assert members.keys() == {"error", "error_description"}
    assert ("www-authenticate" in response.headers) == (status == 401)
    assert ("retry-after" in response.headers) == (status in {429, 503})
    # Clients in the field take this on any 4xx as a call to resend.
    assert "dpop-nonce" not in response.headers
    return str(members["error_description"])


def proof_refused(
    response: httpx.Response, check: str, *, error: str = "invalid_dpop_proof", issuer: str = ISSUER
) -> dict[str, Any]:
    """Assert the refusal of a proof by a check that no nonce heals, and return its details."""
    assert "dpop-nonce" not in response.headers
    return _proof_error(response, check, error, issuer)


def challenged(response: httpx.Response, check: str = "nonce", *, issuer: str = ISSUER) -> str:
    """Assert a challenge (RFC 9449 §8), and return its nonce."""
    _proof_error(response, check, "use_dpop_nonce", issuer)
    nonces = response.headers.get_list("dpop-nonce")
    assert len(nonces) == 1
    # RFC 9449 §8.1: nonce = 1*NQCHAR
    assert re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]+", nonces[0])
    return str(nonces[0])


def _proof_error(response: httpx.Response, check: str, error: str, issuer: str) -> dict[str, Any]:
    members = _error(response, error, 400)
    assert members.keys() == {"error", "error_description", "error_uri", "dpop"}
    assert "www-authenticate" not in response.headers
    details: dict[str, Any] = members["dpop"]
    assert details["check"] == check, members
    assert members["error_uri"] == f"{issuer}/errors/{check}"
    assert isinstance(details["server_time"], int)
    assert details.keys() <= {"check", "server_time", "expected", "received"}
    assert len(details.get("received", "")) <= 200
    return details


def _error(response: httpx.Response, error: str, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert is_uncacheable(response)
    members: dict[str, Any] = response.json()
    assert members["error"] == error, members
    assert _DESCRIPTION.fullmatch(members["error_description"])
    assert "access_token" not in members
    return members
