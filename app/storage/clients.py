"""The registered clients."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, select, update

from ..oauth.client import Client
from .connection import Connection, Upsert
from .consents import SqlConsents
from .errors import ChangedMeanwhile
from .families import SqlFamilies
from .models import ClientRow
from .origins import SqlOrigins
from .shape import Shape
from .types import storable

SHAPE = Shape(Client, ClientRow)

_ADD = Upsert.into(ClientRow, lambda new: new.on_conflict_do_nothing())
_ALL = select(*SHAPE.columns).order_by(ClientRow.created_at, ClientRow.client_id)
_FIND = select(*SHAPE.columns, ClientRow.version).where(
    ClientRow.client_id == bindparam("client_id")
)
_LOCK = _FIND.with_for_update()
_REPLACE = (
    update(ClientRow)
    .where(ClientRow.client_id == bindparam("id"))
    .values(version=ClientRow.version + 1)
)
_REPLACE_VERSION = _REPLACE.where(ClientRow.version == bindparam("expected"))
_DELETE = delete(ClientRow).where(ClientRow.client_id == bindparam("client_id"))


class SqlClients:
    """oauth.ports.Clients and management's, inside a unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._origins = SqlOrigins(connection)

    async def find(self, client_id: str) -> Client | None:
        found = await self.find_versioned(client_id)
        return None if found is None else found[0]

    async def find_versioned(self, client_id: str) -> tuple[Client, int] | None:
        """Return the client and the version to give to ``replace``."""
        if not storable(client_id):
            return None
        row = await self._connection.first(_FIND, {"client_id": client_id})
        return None if row is None else (SHAPE.load(row), row.version)

    async def lock(self, client_id: str) -> Client | None:
        """Read the client and keep others from changing it until the unit of work ends."""
        if not storable(client_id):
            return None
        row = await self._connection.first(_LOCK, {"client_id": client_id})
        return None if row is None else SHAPE.load(row)

    async def list(self) -> Sequence[Client]:
        """Return every client, the oldest first."""
        return [SHAPE.load(row) for row in await self._connection.all(_ALL)]

    async def add(self, client: Client) -> bool:
        """Insert; False if the client_id is taken."""
        if not await self._connection.count(_ADD, SHAPE.values(client)):
            return False
        self._connection.registered = True
        await self._origins.add(client)
        return True

    async def replace(self, client: Client, *, version: int | None = None) -> bool:
        """Overwrite; False if there is none. With ``version``, raise ChangedMeanwhile if older."""
        values = {**SHAPE.values(client), "id": client.client_id}
        if version is None:
            replaced = await self._connection.count(_REPLACE, values)
        else:
            versioned = {**values, "expected": version}
            replaced = await self._connection.count(_REPLACE_VERSION, versioned)
        if replaced:
            self._connection.registered = True
            await self._origins.replace(client)
            return True
        if version is not None and await self.find(client.client_id) is not None:
            raise ChangedMeanwhile("somebody changed this client since it was read")
        return False

    async def delete(self, client_id: str) -> bool:
        """Delete the client with its origins and consents; its token families stay behind, revoked.

        They are the tombstones of its codes, and a client may come back under the same name.
        """
        if not storable(client_id):
            return False
        self._connection.registered = True
        await SqlConsents(self._connection).forget_client(client_id)
        await SqlFamilies(self._connection).revoke_all(client_id=client_id)
        return await self._connection.count(_DELETE, {"client_id": client_id}) > 0
