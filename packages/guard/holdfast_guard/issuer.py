"""The issuer of the tokens, and its metadata (RFC 8414)."""

from .guard.issuer import Issuer

__all__ = ["Issuer"]
