"""The DPoP core, RFC 9449: verifying a proof, nonce policy, replay, and binding to a key.

Imports no framework, database or network library, and nothing of ``oauth``. Relative imports only:
this package is also published on its own. Only admission awaits.
"""
