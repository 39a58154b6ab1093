"""The version of what is registered: raised with every change of a client or resource server."""

from sqlalchemy import select, update

from .connection import Connection
from .models import RegistryRow

_FIND = select(RegistryRow.version)
_RAISE = update(RegistryRow).values(version=RegistryRow.version + 1)


class SqlRegistryVersion:
    """The one row of the registry, inside a unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self) -> int | None:
        """Return the version; None in a database that was not migrated."""
        row = await self._connection.first(_FIND)
        return None if row is None else int(row.version)

    async def increase(self) -> None:
        """Raise it. Others that change something registered wait until this commits."""
        await self._connection.count(_RAISE)
