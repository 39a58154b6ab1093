"""How signing keys come and go: next → active → retired, or revoked at once."""

import asyncio
import json
import math

from ..clock import Clock
from .errors import KeyChanged, KeyUnreadable, RotationTooEarly
from .ports import KeyState, SealedKey, SealedKeys
from .sealing import Sealer
from .signing_key import SigningKey


class KeyLifecycle:
    """Makes, rotates and withdraws the stored keys; running servers follow by their keyrings.

    Every method raises KeyUnreadable when a key that is to sign does not open with the secret.

    In seconds: ``jwks_max_age``, for which others may cache the key set, and ``poll_interval``,
    after which every replica has read a change.
    """

    def __init__(
        self,
        store: SealedKeys,
        sealer: Sealer,
        clock: Clock,
        *,
        jwks_max_age: int,
        poll_interval: float = 1.0,
        alg: str = "ES256",
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._publication = jwks_max_age + poll_interval
        self._alg = alg

    async def ensure(self) -> None:
        """See to it that there is an active key and a next one. Safe on many replicas at once."""
        if not await self._in_state(KeyState.ACTIVE):
            waiting = await self._in_state(KeyState.NEXT)
            if waiting:
                await self._store.activate(waiting[0].kid, self._clock.now())
            else:
                kid = await self._add(KeyState.ACTIVE)
                if kid not in [row.kid for row in await self._in_state(KeyState.ACTIVE)]:
                    return  # another replica was first, and makes the next key too
        await self._replenish()

    async def rotate(self, *, now: bool = False) -> str:
        """Activate the oldest next key, make a new next one, return the kid that now signs.

        Raises RotationTooEarly while somebody may hold a key set without it, unless ``now``.
        """
        waiting = await self._in_state(KeyState.NEXT)
        if waiting:
            kid, published_at = waiting[0].kid, waiting[0].created_at
        else:
            kid, published_at = await self._add(KeyState.NEXT), self._clock.now()
        remaining = math.ceil(published_at + self._publication - self._clock.now())
        if remaining > 0 and not now:
            raise RotationTooEarly(kid, remaining)
        if not await self._store.activate(kid, self._clock.now()):
            raise KeyChanged(f"key {kid} is not next any more: somebody else rotated the keys")
        await self._replenish()
        return kid

    async def revoke(self, kid: str) -> None:
        """Withdraw a key at once: what it signed fails wherever the key set is fetched anew.

        The active key is replaced first, so that tokens can be issued at every moment.
        """
        state = next((row.state for row in await self._store.list() if row.kid == kid), None)
        if state in {None, KeyState.REVOKED}:
            raise KeyChanged(f"there is no key {kid} to revoke")
        if state == KeyState.ACTIVE:
            await self.rotate(now=True)
        if not await self._store.revoke(kid, self._clock.now()):
            raise KeyChanged(f"key {kid} was revoked by somebody else")
        await self._replenish()

    async def reencrypt(self) -> int:
        """Seal every key with the current secret; return how many. Then drop the previous secret.

        Raises KeyUnreadable, with nothing changed, when a key that is still to sign does not open.
        """
        sealed: dict[str, str] = {}
        for row in await self._store.list():
            try:
                private_jwk = self._sealer.open(row.kid, row.sealed_private_jwk)
            except KeyUnreadable:
                if row.state in {KeyState.ACTIVE, KeyState.NEXT}:
                    raise
                continue  # it will never sign again
            sealed[row.kid] = self._sealer.seal(row.kid, private_jwk)
        for kid, value in sealed.items():
            await self._store.reseal(kid, value)
        return len(sealed)

    async def _replenish(self) -> None:
        if not await self._in_state(KeyState.NEXT):
            await self._add(KeyState.NEXT)

    async def _in_state(self, state: KeyState) -> list[SealedKey]:
        rows = [row for row in await self._store.list() if row.state == state]
        # Whoever has the wrong secret must not add a key that nobody else could open.
        for row in rows:
            self._sealer.open(row.kid, row.sealed_private_jwk)
        return sorted(rows, key=lambda row: row.created_at)

    async def _add(self, state: KeyState) -> str:
        key = await asyncio.to_thread(SigningKey.generate, self._alg)
        await self._store.add(
            kid=key.kid,
            alg=key.alg,
            state=state,
            public_jwk=json.dumps(key.public_jwk),
            sealed_private_jwk=self._sealer.seal(key.kid, key.private_jwk),
            at=self._clock.now(),
        )
        return key.kid
