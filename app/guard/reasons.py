"""Why a request may not pass, one class per error code (RFC 6750 §3.1, RFC 9470 §3).

Refusals of a proof are ``dpop.errors.ProofRefused``; what is out of reach is
``oauth.errors.TemporarilyUnavailable``.
"""

from collections.abc import Mapping
from typing import ClassVar


class Reason(Exception):
    """``description`` is public. ``attributes`` go into the challenge beside it."""

    error: ClassVar[str | None]
    status: ClassVar[int] = 401

    def __init__(self, description: str, attributes: Mapping[str, str] | None = None) -> None:
        super().__init__(description)
        self.description = description
        self.attributes = attributes or {}


class NoToken(Reason):
    """The request carries no access token."""

    # RFC 6750 §3.1: If the request lacks any authentication information [...], the resource server
    # SHOULD NOT include an error code or other error information.
    error = None


class InvalidRequest(Reason):
    """The request is malformed: two tokens, or a token where none may be."""

    error = "invalid_request"
    status = 400


class InvalidToken(Reason):
    """The access token is expired, revoked, malformed, for another resource, or sent wrongly."""

    error = "invalid_token"


class InsufficientScope(Reason):
    """The token is good, but grants less than is needed."""

    error = "insufficient_scope"
    status = 403


class InsufficientAuthentication(Reason):
    """The person must sign in anew, or in a stronger way (RFC 9470 §3)."""

    error = "insufficient_user_authentication"
