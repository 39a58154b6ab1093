"""A token family: every token born from one code, and their end in common (RFC 9700 §4.14.2)."""

from dataclasses import dataclass
from enum import StrEnum

from ..credentials import digest
from .authorization_details import Details


class Status(StrEnum):
    """Of a family, or of a refresh token in it."""

    ACTIVE = "active"
    ROTATED = "rotated"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class TokenFamily:
    """What one authorization gave. Times are POSIX seconds.

    ``code_hash`` is unique: it is the tombstone of the code that gave birth to the family, and
    ``code_fingerprint`` what a later redemption of that code must match to count as a replay.
    ``jkt`` is the key its refresh tokens are bound to; None where the client's own
    authentication binds them (RFC 9449 §5). ``acr`` and ``auth_time`` are of the sign-in that the
    authorization came from, and stay (RFC 9470 §6.1).
    """

    family_id: str
    client_id: str
    user_id: str
    scopes: frozenset[str]
    resources: tuple[str, ...]
    jkt: str | None
    auth_time: float
    created_at: float
    expires_at: float
    code_hash: str | None = None
    code_fingerprint: str | None = None
    status: Status = Status.ACTIVE
    acr: str | None = None
    authorization_details: Details = ()


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token at rest: its hash, never its value. Times are POSIX seconds.

    ``salt`` makes the successor: HMAC(server secret, presented token ‖ salt).
    """

    token_hash: str
    family_id: str
    salt: str
    created_at: float
    expires_at: float
    status: Status = Status.ACTIVE
    rotated_at: float | None = None
    successor_hash: str | None = None


def family_id_of(code_hash: str) -> str:
    """Name the family born from a code, so that winner and replay name the same one."""
    return "fam_" + digest("family\n" + code_hash)
