"""The registered types of authorization details (RFC 9396)."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, select

from ..oauth.details_type import DetailsType
from .connection import Connection, Upsert
from .models import DetailsTypeRow
from .shape import Shape
from .types import storable

SHAPE = Shape(DetailsType, DetailsTypeRow)

_ADD = Upsert.into(DetailsTypeRow, lambda new: new.on_conflict_do_nothing())
_ALL = select(*SHAPE.columns).order_by(DetailsTypeRow.type)
_FIND = select(*SHAPE.columns).where(DetailsTypeRow.type == bindparam("name"))
_DELETE = delete(DetailsTypeRow).where(DetailsTypeRow.type == bindparam("name"))


class SqlDetailsTypes:
    """oauth.ports.DetailsTypes and management's, inside a unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, name: str) -> DetailsType | None:
        if not storable(name):
            return None
        row = await self._connection.first(_FIND, {"name": name})
        return None if row is None else SHAPE.load(row)

    async def list(self) -> Sequence[DetailsType]:
        """Return every type, by its name."""
        return [SHAPE.load(row) for row in await self._connection.all(_ALL)]

    async def add(self, new: DetailsType) -> bool:
        """Insert; False if the name is taken."""
        return await self._connection.count(_ADD, SHAPE.values(new)) > 0

    async def delete(self, name: str) -> bool:
        """Delete; False if there is none."""
        return storable(name) and await self._connection.count(_DELETE, {"name": name}) > 0
