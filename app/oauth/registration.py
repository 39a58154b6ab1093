"""Registrations, and the tokens they turn on (RFC 7591 §1.2, RFC 7592 §1.2)."""

from dataclasses import dataclass

# Scopes of this server's own API: nobody gives them to himself.
RESERVED_SCOPES = "holdfast:"


@dataclass(frozen=True, slots=True)
class Registration:
    """That a client registered itself, and by which token it manages that.

    ``token_hash`` is of its registration access token. ``previous_hash`` is of the one before,
    which got it at ``rotated_at`` (POSIX seconds) by the request with ``request_hash``, as the
    successor that follows from ``salt``; None once the successor was used. ``initial_token`` is
    the id of the initial access token that let it in; None if anybody was.
    """

    client_id: str
    token_hash: str
    created_at: float
    initial_token: str | None = None
    previous_hash: str | None = None
    request_hash: str | None = None
    salt: str | None = None
    rotated_at: float | None = None


@dataclass(frozen=True, slots=True)
class InitialToken:
    """An initial access token at rest: who has it may register ``uses_left`` more clients.

    ``scopes`` and ``grant_types`` are what those clients may have beyond what anybody may.
    """

    token_id: str
    token_hash: str
    note: str
    scopes: frozenset[str]
    grant_types: frozenset[str]
    uses_left: int
    created_at: float
    expires_at: float

    def is_live(self, now: float) -> bool:
        """Whether it still lets a client in."""
        return self.uses_left > 0 and now < self.expires_at
