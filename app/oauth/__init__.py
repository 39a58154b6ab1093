"""The OAuth 2.0 protocol core: RFC 6749 and its companions, as values, rules and ports.

Imports no framework, database or network library, and nothing of ``dpop``: a proof of possession
comes in through ``ports.ProofGate``. Awaits only in endpoints, grants, ports and client_auth.
"""
