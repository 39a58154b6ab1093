"""Times to live and spenders' tokens, as Redis takes them."""

import math
import secrets

from ...clock import Clock


def milliseconds(clock: Clock, expires_at: float) -> int:
    """Return what is left until ``expires_at``, rounded up; one millisecond if nothing is."""
    return max(1, math.ceil((expires_at - clock.now()) * 1000))


def token() -> bytes:
    """Make the mark by which one spender knows its own work."""
    return secrets.token_bytes(8)
