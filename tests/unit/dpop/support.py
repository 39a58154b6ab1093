"""Keys that are made once, and short ways to ask the verifier."""

import secrets
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from app.dpop.algorithms import ALGORITHMS
from app.dpop.errors import Check, ProofRefused
from app.dpop.proof import VerifiedProof, verify
from tests.builders import NOW, TOKEN_ENDPOINT, DpopKey

ALGS = ("ES256", "ES384", "ES512", "EdDSA", "Ed25519", "PS256", "PS384", "PS512", "RS256")
EVERY_ALG = frozenset(ALGORITHMS)
ABSENT = object()


def a_key(alg: str = "ES256", number: int = 0) -> DpopKey:
    """Return the same key for the same arguments: RSA keys take long to make."""
    return _made(alg, number)


@cache
def _made(alg: str, number: int) -> DpopKey:
    if alg in {"PS256", "PS384", "PS512"}:
        return DpopKey(alg, _made("RS256", number).key)
    return DpopKey(alg)


def a_proof(key: DpopKey | None = None, /, **claims: Any) -> str:
    """Sign a valid proof whose claims, of whatever JSON type, are these; ABSENT leaves one out."""
    key = key or a_key()
    payload = {"jti": secrets.token_urlsafe(16), "htm": "POST", "htu": TOKEN_ENDPOINT, "iat": NOW}
    header = {"typ": "dpop+jwt", "alg": key.alg, "jwk": key.public_jwk}
    return key.sign(header, present(payload | claims))


def present(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not ABSENT}


def verified(
    *values: str,
    method: str = "POST",
    uri: str = TOKEN_ENDPOINT,
    algs: frozenset[str] = EVERY_ALG,
) -> VerifiedProof:
    proof = verify(values, method=method, uri=uri, algs=algs)
    assert proof is not None
    return proof


def refusal(step: Callable[..., object], *args: Any, **kwargs: Any) -> ProofRefused:
    """Return the refusal that the call ends in."""
    with pytest.raises(ProofRefused) as refused:
        step(*args, **kwargs)
    return refused.value


def judged(step: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return what the call returns, or its refusal: any other exception passes."""
    try:
        return step(*args, **kwargs)
    except ProofRefused as refused:
        return refused


def assert_refused(check: Check, *values: str, **kwargs: Any) -> ProofRefused:
    """Assert that the check refuses these field values with invalid_dpop_proof."""
    found = refusal(verified, *values, **kwargs)
    assert found.check is check
    assert found.error == "invalid_dpop_proof"
    assert found.description
    return found
