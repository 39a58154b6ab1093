"""The guard as plain ASGI middleware."""

from .guard.asgi import PRINCIPAL, GuardMiddleware, admit

__all__ = ["PRINCIPAL", "GuardMiddleware", "admit"]
