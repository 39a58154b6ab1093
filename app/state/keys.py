"""The name of every key and the life of every value of this package, in one place."""

import math

NONCE_STEP = 60
"""Seconds each DPoP nonce is the current one (RFC 9449 §8)."""

MARKER_LIFETIME = 3600
"""Seconds a holder's marker outlives the last nonce handed to it (RFC 9449 §11.3).

Anyone may present new keys as a public client, each leaving a marker: the life bounds their number.
"""

ATTEMPT_LIMIT = 10
"""Wrong credentials taken for one bucket in one window."""

ATTEMPT_WINDOW = 300
"""Seconds a window of attempts lasts from its first one."""


def nonce_ends_at(step: int) -> float:
    """When the nonce of a step is of no more use: it is accepted as current, then as previous.

    One step more leaves room for replicas whose clocks differ.
    """
    return float((step + 3) * NONCE_STEP)


def last_second(expires_at: float) -> float:
    """Round up past ``expires_at``: what was spent must be remembered at that very moment too."""
    return float(math.floor(expires_at) + 1)
