"""The signing keys as one process holds them: the one that signs, and those that verify."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..clock import Clock
from ..oauth.errors import TemporarilyUnavailable
from .errors import KeyUnreadable
from .ports import KeyState, SealedKey, SealedKeys
from .sealing import Sealer
from .signing_key import SigningKey

# Seconds for which a key still signs while the store does not answer: until then, this process
# may not have heard that the key was retired or revoked.
BLIND_LIMIT = 30.0


@dataclass(frozen=True, slots=True)
class _Published:
    jwk: dict[str, Any]
    until: float | None


class Keyring:
    """Signs with the active key and publishes every key that may still verify something.

    Empty until the first ``refresh``; then refresh it at least once a second.
    ``longest_token_lifetime``, in seconds: how long a retired key stays published.
    """

    def __init__(
        self, store: SealedKeys, sealer: Sealer, clock: Clock, *, longest_token_lifetime: int
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self.longest_token_lifetime = longest_token_lifetime
        self._opened: dict[str, SigningKey] = {}
        self._active: SigningKey | None = None
        self._published: tuple[_Published, ...] = ()
        self._blind_since: float | None = None

    async def refresh(self) -> None:
        """Take over what changed in the store.

        Raises TemporarilyUnavailable when the store does not answer, and KeyUnreadable when a key
        does not open with the deployment's secret; the other keys are taken over even so.
        """
        try:
            rows = await self._store.list()
        except Exception:
            if self._blind_since is None:
                self._blind_since = self._clock.now()
            raise
        self._blind_since = None
        self._published = tuple(
            _Published(json.loads(row.public_jwk), self._published_until(row))
            for row in rows
            if row.state != KeyState.REVOKED
        )
        self._take_over(rows)

    def _take_over(self, rows: Sequence[SealedKey]) -> None:
        opened: dict[str, SigningKey] = {}
        unreadable: KeyUnreadable | None = None
        for row in rows:
            if row.state in {KeyState.ACTIVE, KeyState.NEXT}:
                try:
                    opened[row.kid] = self._opened.get(row.kid) or self._open(row)
                except KeyUnreadable as error:
                    unreadable = error
        self._opened = opened
        active = next((row.kid for row in rows if row.state == KeyState.ACTIVE), None)
        self._active = opened.get(active) if active is not None else None
        if unreadable is not None:
            raise unreadable

    def _open(self, row: SealedKey) -> SigningKey:
        private_jwk = self._sealer.open(row.kid, row.sealed_private_jwk)
        return SigningKey.load(row.kid, row.alg, private_jwk)

    def _published_until(self, row: SealedKey) -> float | None:
        if row.state != KeyState.RETIRED or row.retired_at is None:
            return None
        return row.retired_at + BLIND_LIMIT + self.longest_token_lifetime

    def active(self) -> SigningKey:
        """Return the key that signs. Raises TemporarilyUnavailable when there is none."""
        blind_since = self._blind_since
        if blind_since is not None and self._clock.now() - blind_since > BLIND_LIMIT:
            raise TemporarilyUnavailable(
                "the store of the signing keys does not answer", part="keys"
            )
        if self._active is None:
            raise TemporarilyUnavailable("no signing key is active", part="keys")
        return self._active

    def published(self, kid: str) -> dict[str, Any] | None:
        """Return the public JWK with this kid, if it may still verify something."""
        return next((jwk for jwk in self.jwks()["keys"] if jwk["kid"] == kid), None)

    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """Return the public JWK Set (RFC 7517 §5): next, active and recently retired keys."""
        now = self._clock.now()
        return {
            "keys": [key.jwk for key in self._published if key.until is None or now < key.until]
        }
