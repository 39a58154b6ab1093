"""DPoP for Python clients: keys, proofs, nonce memory, an httpx.Auth and a hook for Authlib.

Relative imports only: this package is also published on its own. Knows nothing of the server.
"""
