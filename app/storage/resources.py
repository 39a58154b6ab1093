"""The registered resource servers (RFC 8707)."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, select, update

from ..oauth.ports import ResourceServer
from .connection import Connection, Upsert
from .models import ResourceServerRow
from .shape import Shape
from .types import storable

SHAPE = Shape(ResourceServer, ResourceServerRow)

_ADD = Upsert.into(ResourceServerRow, lambda new: new.on_conflict_do_nothing())
_ALL = select(*SHAPE.columns).order_by(ResourceServerRow.uri)
_FIND = select(*SHAPE.columns).where(ResourceServerRow.uri == bindparam("uri"))
_REPLACE = update(ResourceServerRow).where(ResourceServerRow.uri == bindparam("id"))
_DELETE = delete(ResourceServerRow).where(ResourceServerRow.uri == bindparam("uri"))


class SqlResources:
    """oauth.ports.Resources and management's, inside a unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, uri: str) -> ResourceServer | None:
        if not storable(uri):
            return None
        row = await self._connection.first(_FIND, {"uri": uri})
        return None if row is None else SHAPE.load(row)

    async def list(self) -> Sequence[ResourceServer]:
        """Return every resource server, by URI."""
        return [SHAPE.load(row) for row in await self._connection.all(_ALL)]

    async def add(self, resource: ResourceServer) -> bool:
        """Insert; False if the URI is taken."""
        self._connection.registered = True
        return await self._connection.count(_ADD, SHAPE.values(resource)) > 0

    async def replace(self, resource: ResourceServer) -> bool:
        """Overwrite; False if there is none."""
        self._connection.registered = True
        values = {**SHAPE.values(resource), "id": resource.uri}
        return await self._connection.count(_REPLACE, values) > 0

    async def delete(self, uri: str) -> bool:
        """Delete; False if there is none."""
        self._connection.registered = True
        return storable(uri) and await self._connection.count(_DELETE, {"uri": uri}) > 0
