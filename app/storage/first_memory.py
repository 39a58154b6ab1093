"""Which replay memory served this database first: of that one, nothing was forgotten before."""

from sqlalchemy import select

from .connection import Connection, Upsert
from .models import FirstMemoryRow

_CLAIM = Upsert.into(FirstMemoryRow, lambda new: new.on_conflict_do_nothing())
_FIND = select(FirstMemoryRow.name)


class SqlFirstMemory:
    """The name of the first memory, inside a unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def claim(self, name: str) -> bool:
        """Name the memory the first if none came before it; True if it is the first.

        Of servers that start at once, all on one memory get the same answer.
        """
        await self._connection.count(_CLAIM, {"serial": 1, "name": name})
        row = await self._connection.first(_FIND)
        return row is not None and row.name == name
