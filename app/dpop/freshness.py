"""How old or young a proof may be, and how long it must be remembered (RFC 9449 §11.1). Pure."""

from math import ceil

from .errors import Check, ProofRefused
from .nonce import runs_out

PAST_SECONDS = 60
FUTURE_SECONDS = 10

CLOCK_DIFFERENCE_SECONDS = 10
"""By how much the clocks of two replicas may differ."""

LONGEST_MEMORY_SECONDS = 600


def check_iat(iat: float, now: float) -> None:
    """Raise the refusal ``iat`` unless the proof was made a moment ago."""
    # RFC 9449 §11.1: servers MUST only accept DPoP proofs for a limited time after their creation.
    # To accommodate for clock offsets, the server MAY accept DPoP proofs that carry an iat time in
    # the reasonably near future.
    if not now - PAST_SECONDS <= iat <= now + FUTURE_SECONDS:
        raise ProofRefused(
            Check.IAT,
            f"iat is {distance(iat, now)} this server's clock; set the client's clock",
            expected=window(now),
            received=f"{iat}, {distance(iat, now)} this server",
        )


def check_latest(iat: float, now: float, latest: int | None) -> None:
    """Raise the refusal ``iat`` for a proof so far ahead that no nonce forgives it."""
    # FAPI 2.0 Security Profile 5.3.2.1, 13: shall reject JWTs with an iat or nbf timestamp greater
    # than 60 seconds in the future.
    if latest is not None and iat > now + latest:
        raise ProofRefused(
            Check.IAT,
            f"iat is {distance(iat, now)} this server's clock, and a nonce makes up for {latest} "
            "seconds at most; set the client's clock",
            expected=f"at most {int(now + latest)}",
            received=f"{iat}, {distance(iat, now)} this server",
        )


def window(now: float) -> str:
    """Put the accepted times into words."""
    return f"{ceil(now - PAST_SECONDS)} to {int(now + FUTURE_SECONDS)}"


def distance(iat: float, now: float) -> str:
    """Put the difference of the clocks into words, in whole seconds."""
    return f"{abs(iat - now):.0f} seconds {'ahead of' if iat > now else 'behind'}"


def check_memory(iat: float, born_at: float | None) -> None:
    """Raise the refusal ``replay`` for a proof that a lost memory may have held.

    ``born_at`` is when the present memory started empty, None if no other came before it.
    """
    # Before its end the lost memory took proofs dated up to the future skew ahead. No end is set to
    # this rule: the iat window sets it, 70 s after the birth.
    if born_at is not None and iat < born_at + FUTURE_SECONDS:
        raise memory_restarted(iat, born_at)


def memory_restarted(iat: float, born_at: float | None) -> ProofRefused:
    """Return the refusal of a proof that may have been used before the memory was lost."""
    since = 0 if born_at is None else ceil(born_at + FUTURE_SECONDS)
    return ProofRefused(
        Check.REPLAY,
        "the memory of used proofs was restarted, and this one may have been used before; "
        "send a fresh proof",
        expected=f"an iat from {since} on",
        received=str(iat),
    )


def remember_until(iat: float, step: int | None, now: float) -> int:
    """Return when no replica accepts the proof any more, POSIX seconds rounded up.

    ``step`` is that of the proof's nonce, None if it has no valid one. With a valid nonce a proof
    may be dated far ahead; it is kept for that ``iat`` too, because a client's policy may be set to
    ``off`` meanwhile, but for ten minutes at most: else a few clients could fill the memory.
    """
    end = iat + PAST_SECONDS
    if step is not None:
        end = min(max(end, runs_out(step)), now + LONGEST_MEMORY_SECONDS)
    return ceil(end) + CLOCK_DIFFERENCE_SECONDS
