"""What admission needs from a store. RFC 9449 §8, §11.1, §11.3."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class ProofClient(Protocol):
    """What admission reads of the client a proof came from."""

    @property
    def client_id(self) -> str: ...

    @property
    def dpop_nonce(self) -> str | None:
        """A nonce policy of its own, or None for the server's."""
        ...

    @property
    def dpop_bound_access_tokens(self) -> bool: ...


class Outcome(StrEnum):
    """What the store found, and did."""

    FRESH = "fresh"
    """Never seen: the proof is now remembered."""
    REPLAYED = "replayed"
    """Seen before. Nothing written."""
    NONCE_OWED = "nonce_owed"
    """This client was given a nonce and sent none. The proof is not remembered."""


@dataclass(frozen=True, slots=True)
class Spending:
    """One proof to be spent. Times are POSIX seconds.

    ``proof`` is a hash of (jkt, htu, jti). ``expires_at``: no replica accepts the proof after that.
    ``holder`` names the (client, key) pair whose nonce marker is meant. ``owes_nonce``: refuse if
    the holder has a marker. ``renew_marker``: with FRESH, write the holder's marker.
    """

    jkt: str
    proof: str
    expires_at: float
    holder: str
    owes_nonce: bool
    renew_marker: bool


class ProofMemory(Protocol):
    """The replay memory and what belongs to it.

    Raises the server's "temporarily unavailable" when the store does not answer or is full:
    without a replay check no token is issued. A live entry is never evicted.
    """

    @property
    def born_at(self) -> float | None:
        """When this memory started empty after it may have held proofs; None for a first start.

        Proofs dated before ``born_at`` plus the future skew may have been seen by a predecessor.
        """
        ...

    async def spend(self, spending: Spending) -> Outcome:
        """Atomically, in one script: check the marker, then set the proof if absent.

        If the memory was lost, ``born_at`` has changed when this returns: the caller must compare
        it with the one it judged the proof by.
        """
        ...

    async def mark(self, jkt: str, holder: str) -> None:
        """Write the holder's marker: a challenge hands it a nonce (§11.3)."""
        ...

    async def nonce(self, step: int) -> str:
        """Return the nonce of the 60 s step, the same on every replica; make it if need be."""
        ...

    async def known_nonce(self, step: int) -> str | None:
        """Return the nonce of the step if one was made, else None: never makes one."""
        ...
