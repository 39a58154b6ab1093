"""How long what is issued lives, in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Lifetimes, whole seconds.

    ``bearer_token`` caps those of access tokens bound to no key. ``refresh_token`` is that of a
    whole family, from the redemption of its code; no successor outlives its family.
    ``refresh_retry``: so long after a rotation the same request still gets the same answer.
    """

    access_token: int = 300
    bearer_token: int = 60
    refresh_token: int = 30 * 24 * 3600
    refresh_retry: int = 30
    code: int = 60
