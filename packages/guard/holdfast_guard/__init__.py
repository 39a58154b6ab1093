"""Guards an API with DPoP-bound access tokens (RFC 9449 §7): verifies token and proof.

``holdfast_guard.fastapi`` needs FastAPI, ``holdfast_guard.redis`` redis-py: install
``holdfast-guard[fastapi]``, ``holdfast-guard[redis]`` or both.
"""

from .guard import (
    Admitted,
    BlockingGuard,
    ClientSecret,
    Guard,
    GuardMiddleware,
    IntrospectionClient,
    Issuer,
    NonceMiddleware,
    Principal,
    PrivateKeyJwt,
    Refusal,
    RemoteKeys,
    Requirement,
    ResourceMetadata,
    introspecting_guard,
    jwt_guard,
    local_memory,
)

__all__ = [
    "Admitted",
    "BlockingGuard",
    "ClientSecret",
    "Guard",
    "GuardMiddleware",
    "IntrospectionClient",
    "Issuer",
    "NonceMiddleware",
    "Principal",
    "PrivateKeyJwt",
    "Refusal",
    "RemoteKeys",
    "Requirement",
    "ResourceMetadata",
    "introspecting_guard",
    "jwt_guard",
    "local_memory",
]
