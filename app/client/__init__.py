"""DPoP for Python clients: keys, proofs, nonce memory, an httpx.Auth and hooks for Authlib.

Relative imports only: this package is also published on its own. Knows nothing of the server.
``authlib_hook`` and ``authlib_requests`` are imported by themselves: they need Authlib.
"""

from .errors import BodyNotReplayable, RedirectRefused
from .httpx_auth import DpopAuth
from .key_files import KeyFileError, load_key, load_or_create_key, save_key
from .keys import DpopKey
from .nonces import Nonces
from .proofs import sign_proof
from .signers import Signer

__all__ = [
    "BodyNotReplayable",
    "DpopAuth",
    "DpopKey",
    "KeyFileError",
    "Nonces",
    "RedirectRefused",
    "Signer",
    "load_key",
    "load_or_create_key",
    "save_key",
    "sign_proof",
]
