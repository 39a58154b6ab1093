"""The replay memory of one process: proofs, nonce markers and nonces."""

import secrets
from dataclasses import dataclass

from ...clock import Clock
from ...dpop.ports import Outcome, Spending
from ..keys import MARKER_LIFETIME, compact, last_second, nonce_ends_at
from .expiring import Expiring


@dataclass(frozen=True, slots=True)
class _Nonce:
    value: str
    expires_at: float


class MemoryProofs:
    """Implements ``dpop.ports.ProofMemory``. A remembered proof costs about 160 bytes."""

    def __init__(self, clock: Clock, born_at: float | None, limit: int) -> None:
        self._clock = clock
        self._born_at = born_at
        self._proofs: Expiring[bytes, float] = Expiring(float, limit)
        self._markers: Expiring[bytes, float] = Expiring(float, limit)
        self._nonces: Expiring[int, _Nonce] = Expiring(lambda nonce: nonce.expires_at, limit)

    def __len__(self) -> int:
        return len(self._proofs)

    @property
    def born_at(self) -> float | None:
        return self._born_at

    async def spend(self, spending: Spending) -> Outcome:
        now = self._clock.now()
        proof, holder = compact(spending.proof), compact(spending.holder)
        if spending.owes_nonce and self._markers.get(holder, now) is not None:
            return Outcome.NONCE_OWED
        if self._proofs.get(proof, now) is not None:
            return Outcome.REPLAYED
        if spending.renew_marker:
            self._proofs.make_room(now)
            self._markers.put(holder, now + MARKER_LIFETIME, now)
        self._proofs.put(proof, last_second(spending.expires_at), now)
        return Outcome.FRESH

    async def mark(self, jkt: str, holder: str) -> None:  # noqa: ARG002  # the port's: Redis places the marker by it
        now = self._clock.now()
        self._markers.put(compact(holder), now + MARKER_LIFETIME, now)

    async def nonce(self, step: int) -> str:
        now = self._clock.now()
        nonce = self._nonces.get(step, now)
        if nonce is None:
            nonce = _Nonce(secrets.token_urlsafe(16), nonce_ends_at(step))
            self._nonces.put(step, nonce, now)
        return nonce.value

    async def known_nonce(self, step: int) -> str | None:
        nonce = self._nonces.get(step, self._clock.now())
        return nonce.value if nonce else None
