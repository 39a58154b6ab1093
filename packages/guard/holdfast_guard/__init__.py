"""Guards an API with DPoP-bound access tokens (RFC 9449 §7): verifies token and proof.

``holdfast_guard.fastapi`` needs FastAPI, ``holdfast_guard.redis`` redis-py: install
``holdfast-guard[fastapi]``, ``holdfast-guard[redis]`` or both.
"""

from .guard import (
    Admitted,
    BlockingGuard,
    Guard,
    Principal,
    Refusal,
    Requirement,
    introspecting_guard,
    jwt_guard,
)
from .guard.asgi import GuardMiddleware
from .guard.assembly import local_memory
from .guard.introspection_client import IntrospectionClient

__all__ = [
    "Admitted",
    "BlockingGuard",
    "Guard",
    "GuardMiddleware",
    "IntrospectionClient",
    "Principal",
    "Refusal",
    "Requirement",
    "introspecting_guard",
    "jwt_guard",
    "local_memory",
]
