"""DPoP (RFC 9449) for Python clients: keys, proofs, nonce memory, an httpx.Auth, Authlib hooks.

``holdfast_client.authlib`` and ``holdfast_client.authlib_requests`` need Authlib: install
``holdfast-client[authlib]`` or ``holdfast-client[requests]``.
"""

from .client import (
    BodyNotReplayable,
    DpopAuth,
    DpopKey,
    KeyFileError,
    Nonces,
    RedirectRefused,
    Signer,
    load_key,
    load_or_create_key,
    save_key,
    sign_proof,
)

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
