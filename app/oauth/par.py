"""Pushed authorization requests (RFC 9126): what is kept of one, and the name it goes by."""

from dataclasses import dataclass

from ..credentials import Kind, digest, mint

# RFC 9126 §2.2: the URN format urn:ietf:params:oauth:request_uri:<reference-value>.
PREFIX = "urn:ietf:params:oauth:request_uri:"


@dataclass(frozen=True, slots=True)
class PushedRequest:
    """A valid authorization request that its client pushed.

    ``parameters`` are names and values in the order sent. ``expires_at`` is the POSIX time by which
    a browser must open it.
    """

    client_id: str
    parameters: tuple[tuple[str, str], ...]
    expires_at: float


@dataclass(frozen=True, slots=True)
class OpenedRequest:
    """A pushed request as its store has it once a browser opened it."""

    request: PushedRequest
    spent: bool


@dataclass(frozen=True, slots=True)
class PushedResponse:
    """The answer to a pushed request; ``expires_in`` in seconds (RFC 9126 §2.2).

    ``nonce`` goes into the DPoP-Nonce header field.
    """

    request_uri: str
    expires_in: int
    nonce: str | None = None


def new_request_uri() -> str:
    """Make a request_uri that nobody can guess."""
    return PREFIX + mint(Kind.REQUEST_URI)


def is_pushed(request_uri: str) -> bool:
    """Whether this has the form of the request_uri of a pushed request."""
    return request_uri.startswith(PREFIX)


def key_of(request_uri: str) -> str:
    """Hash a request_uri: the name by which its request is stored."""
    return digest(request_uri)
