"""What an administrator says about an initial access token (RFC 7591 §1.2)."""

from dataclasses import dataclass

WEEK = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class NewInitialToken:
    """A token to be made. ``lifetime`` in seconds."""

    note: str = ""
    uses: int = 1
    lifetime: int = WEEK
    scopes: frozenset[str] = frozenset()
    grant_types: frozenset[str] = frozenset()
