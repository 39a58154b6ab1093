"""Access tokens revoked one by one, until they expire."""

from sqlalchemy import bindparam, delete, select

from .connection import Connection, Upsert
from .models import RevokedTokenRow

# Seconds that a row outlives its token: the clocks of replicas differ.
MARGIN = 60

# Rows deleted for each one that comes: the dead leave faster than the living come.
SWEEP = 100

_ADD = Upsert.into(RevokedTokenRow, lambda new: new.on_conflict_do_nothing())
_FIND = select(RevokedTokenRow.jti).where(RevokedTokenRow.jti == bindparam("jti"))
# Two transactions that sweep at once take different rows, so that neither waits for the other.
_DEAD = (
    select(RevokedTokenRow.jti)
    .where(RevokedTokenRow.expires_at < bindparam("before"))
    .order_by(RevokedTokenRow.expires_at)
    .limit(SWEEP)
    .with_for_update(skip_locked=True)
)
_SWEEP = delete(RevokedTokenRow).where(RevokedTokenRow.jti.in_(_DEAD))


class SqlRevokedTokens:
    """oauth.ports.RevokedTokens, inside a unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, jti: str, expires_at: float, now: float) -> bool:
        await self.forget(now)
        return await self._connection.count(_ADD, {"jti": jti, "expires_at": expires_at}) > 0

    async def forget(self, now: float) -> int:
        """Delete some that expired; return how many went."""
        return await self._connection.count(_SWEEP, {"before": now - MARGIN})

    async def contains(self, jti: str) -> bool:
        return await self._connection.first(_FIND, {"jti": jti}) is not None
