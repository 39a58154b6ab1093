"""Asking the issuer about tokens (RFC 7662, RFC 9701)."""

from .guard.introspection_client import IntrospectionClient

__all__ = ["IntrospectionClient"]
