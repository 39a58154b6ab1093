"""The resource-server side: verifies an access token and its DPoP proof, and says who may pass.

Relative imports only: this package is also published on its own. Knows nothing of storage, accounts
or management. ``fastapi`` and ``redis`` are imported by themselves: each needs the library it is
named after.
"""

from .assembly import introspecting_guard, jwt_guard
from .blocking import BlockingGuard
from .guard import Admitted, Guard
from .principal import Principal
from .refusal import Refusal
from .requirement import Requirement

__all__ = [
    "Admitted",
    "BlockingGuard",
    "Guard",
    "Principal",
    "Refusal",
    "Requirement",
    "introspecting_guard",
    "jwt_guard",
]
