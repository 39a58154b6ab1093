"""The database as the rest of the server holds it: opened once, closed at the end."""

from contextlib import AbstractAsyncContextManager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from .audit_writer import AuditWriter
from .engine import Limits, create_private, make_engine, sqlite_path
from .errors import named_failures
from .registry import Registry, RememberedClients, RememberedResources
from .schema import SchemaState, schema_state
from .standalone import (
    StandaloneClients,
    StandaloneDetailsTypes,
    StandaloneKeys,
    StandaloneOrigins,
    StandaloneResources,
    StandaloneUsers,
)
from .transactions import Transactions
from .unit_of_work import SqlUnitOfWork


class SqlDatabase:
    """oauth.ports.Database, the standalone repositories, and the writer of audit events.

    Between ``start`` and ``close`` the audit events that ``audit_writer`` takes are written, and
    what is registered is remembered (see registry).
    """

    def __init__(self, engine: AsyncEngine, limits: Limits) -> None:
        self._engine = engine
        self._transactions = Transactions(engine, turn_timeout=limits.pool_timeout)
        registry = self._registry = Registry(self._transactions)
        self.clients = RememberedClients(registry, StandaloneClients(self._transactions))
        self.origins = StandaloneOrigins(self._transactions)
        self.resources = RememberedResources(registry, StandaloneResources(self._transactions))
        self.details_types = StandaloneDetailsTypes(self._transactions)
        self.users = StandaloneUsers(self._transactions)
        self.keys = StandaloneKeys(self._transactions)
        self.audit_writer = AuditWriter(self._transactions.begin)

    def begin(self) -> AbstractAsyncContextManager[SqlUnitOfWork]:
        """Open a unit of work that writes. Leaving it without ``commit`` rolls back."""
        return self._transactions.begin()

    def read(self) -> AbstractAsyncContextManager[SqlUnitOfWork]:
        """Open a unit of work that only reads; each statement sees what is then committed."""
        return self._transactions.read()

    async def ping(self) -> None:
        """Reach the database, or raise TemporarilyUnavailable."""
        with named_failures():
            async with self._engine.connect() as connection:
                await connection.execute(text("SELECT 1"))

    async def server_time(self) -> float | None:
        """Return the database server's clock, POSIX seconds; None where it has none of its own."""
        if self._engine.dialect.name == "sqlite":
            return None
        with named_failures():
            async with self._engine.connect() as connection:
                found = await connection.execute(
                    text("SELECT extract(epoch FROM clock_timestamp())")
                )
                return float(found.scalar_one())

    async def schema_state(self) -> SchemaState:
        """Compare the tables there with those this program expects."""
        return await schema_state(self._engine)

    async def start(self) -> None:
        """Start what goes on in the background. Raises TemporarilyUnavailable."""
        await self._registry.start()
        await self.audit_writer.start()

    async def close(self) -> None:
        """Write the audit events that wait, and close every connection."""
        await self._registry.close()
        await self.audit_writer.close()
        await self._engine.dispose()


def open_database(url: str, limits: Limits | None = None) -> SqlDatabase:
    """Open a ``sqlite:///path`` or ``postgresql://`` URL; a missing SQLite file is made, 0600.

    Connects at the first use. Raises WrongUrl, and OSError where the file cannot be made.
    """
    limits = limits or Limits()
    if path := sqlite_path(url):
        create_private(path)
    return SqlDatabase(make_engine(url, limits), limits)
