"""Refresh tokens at rest."""

from sqlalchemy import bindparam, insert, select, update

from ..oauth.token_family import RefreshToken, Status, TokenFamily
from . import families
from .connection import Connection
from .models import FamilyRow, RefreshTokenRow
from .shape import Shape

SHAPE = Shape(RefreshToken, RefreshTokenRow)

_ADD = insert(RefreshTokenRow)
_FIND = (
    select(*SHAPE.columns, *families.SHAPE.columns)
    .join_from(RefreshTokenRow, FamilyRow, RefreshTokenRow.family_id == FamilyRow.family_id)
    .where(RefreshTokenRow.token_hash == bindparam("token_hash"))
)
_ROTATE = (
    update(RefreshTokenRow)
    .where(
        RefreshTokenRow.token_hash == bindparam("presented"),
        RefreshTokenRow.status == Status.ACTIVE,
    )
    .values(
        status=Status.ROTATED, successor_hash=bindparam("successor"), rotated_at=bindparam("at")
    )
)


class SqlRefreshTokens:
    """oauth.ports.StoredRefreshTokens, inside a unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, token: RefreshToken) -> None:
        await self._connection.count(_ADD, SHAPE.values(token))

    async def find(self, token_hash: str) -> tuple[RefreshToken, TokenFamily] | None:
        row = await self._connection.first(_FIND, {"token_hash": token_hash})
        if row is None:
            return None
        return SHAPE.load(row), families.SHAPE.load(row[len(SHAPE.columns) :])

    async def rotate(self, token_hash: str, successor_hash: str, at: float) -> bool:
        parameters = {"presented": token_hash, "successor": successor_hash, "at": at}
        return await self._connection.count(_ROTATE, parameters) == 1
