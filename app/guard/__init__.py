"""The resource-server side: verifies an access token and its DPoP proof, and says who may pass.

Relative imports only: this package is also published on its own. Knows nothing of storage, accounts
or management. ``fastapi`` and ``redis`` are imported by themselves: each needs the library it is
named after.
"""

from .asgi import GuardMiddleware, NonceMiddleware
from .assembly import introspecting_guard, jwt_guard, local_memory
from .blocking import BlockingGuard
from .client_credentials import ClientSecret, PrivateKeyJwt
from .guard import Admitted, Guard
from .introspection_client import IntrospectionClient
from .issuer import Issuer
from .metadata import ResourceMetadata
from .principal import Principal
from .refusal import Refusal
from .remote_keys import RemoteKeys
from .requirement import Requirement

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
