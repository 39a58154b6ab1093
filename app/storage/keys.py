"""Signing keys at rest. Their private halves come and go sealed."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select, update

from .connection import Connection, Upsert
from .models import SigningKeyRow
from .shape import Shape

NEXT, ACTIVE, RETIRED, REVOKED = "next", "active", "retired", "revoked"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A signing key as tokens.ports.SealedKey describes it. Times are POSIX seconds."""

    kid: str
    alg: str
    state: str
    public_jwk: str
    sealed_private_jwk: str
    created_at: float
    activated_at: float | None = None
    retired_at: float | None = None


SHAPE = Shape(StoredKey, SigningKeyRow)

# Without a target it heeds both the kid and the index that allows one active key.
_ADD = Upsert.into(SigningKeyRow, lambda new: new.on_conflict_do_nothing())
_ALL = select(*SHAPE.columns).order_by(SigningKeyRow.created_at, SigningKeyRow.kid)
_LOCK_ALL = (
    select(SigningKeyRow.kid, SigningKeyRow.state).order_by(SigningKeyRow.kid).with_for_update()
)
_CHANGE = update(SigningKeyRow).where(SigningKeyRow.kid == bindparam("id"))
_REVOKE = _CHANGE.where(SigningKeyRow.state != REVOKED)


class SqlKeys:
    """tokens.ports.SealedKeys, inside a unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def list(self) -> Sequence[StoredKey]:
        """Return every key, the oldest first, in whatever state."""
        return [SHAPE.load(row) for row in await self._connection.all(_ALL)]

    async def add(
        self, *, kid: str, alg: str, state: str, public_jwk: str, sealed_private_jwk: str, at: float
    ) -> None:
        """Insert; with state active, only if no key is active."""
        activated_at = at if state == ACTIVE else None
        key = StoredKey(kid, alg, state, public_jwk, sealed_private_jwk, at, activated_at)
        await self._connection.count(_ADD, SHAPE.values(key))

    async def activate(self, kid: str, at: float) -> bool:
        """Retire the active key and activate this one; False if it is not next."""
        # All rows locked, in one order: two rotations at once come one after the other.
        states = {row.kid: row.state for row in await self._connection.all(_LOCK_ALL)}
        if states.get(kid) != NEXT:
            return False
        for active in (other for other, state in states.items() if state == ACTIVE):
            await self._change(active, state=RETIRED, retired_at=at)
        await self._change(kid, state=ACTIVE, activated_at=at)
        return True

    async def revoke(self, kid: str, at: float) -> bool:
        """Withdraw the key at once; False if it is unknown or revoked already."""
        values = {"id": kid, "state": REVOKED, "retired_at": at}
        return await self._connection.count(_REVOKE, values) > 0

    async def reseal(self, kid: str, sealed_private_jwk: str) -> None:
        """Store the same private key, sealed with another secret."""
        await self._change(kid, sealed_private_jwk=sealed_private_jwk)

    async def _change(self, kid: str, **values: object) -> None:
        await self._connection.count(_CHANGE, {"id": kid, **values})
