"""The origins of browser clients: what follows from each client, kept where one look finds it."""

from sqlalchemy import bindparam, delete, insert, select

from ..oauth.client import Client
from ..oauth.origin import origins_of
from .connection import Connection
from .models import ClientOriginRow

_ANY = select(ClientOriginRow.origin).where(ClientOriginRow.origin == bindparam("origin")).limit(1)
_ADD = insert(ClientOriginRow)
_FORGET = delete(ClientOriginRow).where(ClientOriginRow.client_id == bindparam("client_id"))


class SqlOrigins:
    """oauth.ports.Origins, inside a unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def any(self, origin: str) -> bool:
        return await self._connection.first(_ANY, {"origin": origin}) is not None

    async def add(self, client: Client) -> None:
        """Insert the origins of a client that has none there yet."""
        rows = [
            {"origin": origin, "client_id": client.client_id}
            for origin in sorted(origins_of(client))
        ]
        if rows:
            await self._connection.count(_ADD, rows)

    async def replace(self, client: Client) -> None:
        """Put the client's origins in the place of those there. Its row must be locked."""
        await self._connection.count(_FORGET, {"client_id": client.client_id})
        await self.add(client)
