"""DPoP for Python clients: keys, proofs, nonce memory, an httpx.Auth and a hook for Authlib.

Relative imports only: this package is also published on its own. Knows nothing of the server.
``authlib_hook`` is imported by itself: it needs Authlib.
"""

from .httpx_auth import DpopAuth
from .keys import DpopKey
from .nonces import Nonces
from .proofs import sign_proof

__all__ = ["DpopAuth", "DpopKey", "Nonces", "sign_proof"]
