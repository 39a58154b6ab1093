"""Token families. Which statement comes first decides; both orders must end the same way."""

from sqlalchemy import BindParameter, Executable, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import Insert

from ..oauth.token_family import Status, TokenFamily
from .connection import Connection, Upsert
from .models import FamilyRow, RefreshTokenRow
from .shape import Shape

SHAPE = Shape(TokenFamily, FamilyRow)

# Everything but the status: a mark that was there first keeps the family revoked.
_REAL_FIELDS = tuple(
    column.name for column in SHAPE.columns if column.name not in {"code_hash", "status"}
)


def _unless_redeemed(insert: Insert) -> Executable:
    real = {name: insert.excluded[name] for name in _REAL_FIELDS}
    return insert.on_conflict_do_update(
        index_elements=[FamilyRow.code_hash],
        set_={**real, "born": True},
        where=FamilyRow.born.is_(False),
    ).returning(FamilyRow.status)


def _revoke_or_mark(insert: Insert) -> Executable:
    return insert.on_conflict_do_update(
        index_elements=[FamilyRow.code_hash],
        set_={"status": Status.REVOKED},
        where=FamilyRow.status != Status.REVOKED,
    ).returning(FamilyRow.family_id)


_ADD = Upsert.into(FamilyRow, _unless_redeemed)
_CONDEMN = Upsert.into(FamilyRow, _revoke_or_mark)
_FIND = select(*SHAPE.columns).where(FamilyRow.family_id == bindparam("family_id"))
_FIND_BY_CODE = select(*SHAPE.columns).where(FamilyRow.code_hash == bindparam("code_hash"))
_REVOKE = (
    update(FamilyRow)
    .where(FamilyRow.family_id == bindparam("id"), FamilyRow.status == Status.ACTIVE)
    .values(status=Status.REVOKED)
)

# Families, and refresh tokens of theirs, that one call of ``forget`` deletes at most.
FAMILIES = 100
TOKENS = 1000

# Two that sweep at once take different rows, so that neither waits for the other.
_ENDED = (
    select(FamilyRow.family_id)
    .where(FamilyRow.expires_at < bindparam("before"))
    .order_by(FamilyRow.expires_at)
    .limit(FAMILIES)
    .with_for_update(skip_locked=True)
)
_OF_ENDED: BindParameter[str] = bindparam("ended", expanding=True)
_SOME_TOKENS = (
    select(RefreshTokenRow.token_hash).where(RefreshTokenRow.family_id.in_(_OF_ENDED)).limit(TOKENS)
)
_FORGET_TOKENS = delete(RefreshTokenRow).where(RefreshTokenRow.token_hash.in_(_SOME_TOKENS))
_FORGET = delete(FamilyRow).where(FamilyRow.family_id.in_(_OF_ENDED))


class SqlFamilies:
    """oauth.ports.Families, inside a unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, family: TokenFamily) -> Status | None:
        row = await self._connection.first(_ADD, {**SHAPE.values(family), "born": True})
        return None if row is None else Status(row.status)

    async def condemn(self, family: TokenFamily) -> bool:
        mark = {**SHAPE.values(family), "status": Status.REVOKED, "born": False}
        return await self._connection.first(_CONDEMN, mark) is not None

    async def find_by_code(self, code_hash: str) -> TokenFamily | None:
        row = await self._connection.first(_FIND_BY_CODE, {"code_hash": code_hash})
        return None if row is None else SHAPE.load(row)

    async def find(self, family_id: str) -> TokenFamily | None:
        row = await self._connection.first(_FIND, {"family_id": family_id})
        return None if row is None else SHAPE.load(row)

    async def revoke(self, family_id: str) -> bool:
        return await self._connection.count(_REVOKE, {"id": family_id}) > 0

    async def revoke_all(self, *, client_id: str | None = None, user_id: str | None = None) -> int:
        """Revoke every living family of the client, the user, or of both together."""
        if client_id is None and user_id is None:
            raise ValueError("name a client, a user or both")
        statement = (
            update(FamilyRow).where(FamilyRow.status == Status.ACTIVE).values(status=Status.REVOKED)
        )
        if client_id is not None:
            statement = statement.where(FamilyRow.client_id == client_id)
        if user_id is not None:
            statement = statement.where(FamilyRow.user_id == user_id)
        return await self._connection.count(statement)

    async def forget(self, before: float) -> int:
        """Delete some of the families that ended before, with their refresh tokens.

        Returns how many rows went; zero when nothing is left to delete.
        """
        ended = [row.family_id for row in await self._connection.all(_ENDED, {"before": before})]
        if not ended:
            return 0
        gone = await self._connection.count(_FORGET_TOKENS, {"ended": ended})
        if gone < TOKENS:
            gone += await self._connection.count(_FORGET, {"ended": ended})
        return gone
