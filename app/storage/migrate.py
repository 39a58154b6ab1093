"""Makes and changes the tables: Alembic, run from code, by one process at a time."""

import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from .engine import BEGIN, Limits, create_private, make_engine, reading, sqlite_path
from .errors import named_failures
from .lock import MIGRATION_LOCK, hold_file

# Seconds to wait for another process that migrates, and for one statement of a migration.
_PATIENCE = 120
_LIMITS = Limits(pool_size=1, pool_timeout=30, statement_timeout=3600)


class SchemaMismatch(Exception):
    """The tables are not those of this program; the message says in what."""


@dataclass(frozen=True, slots=True)
class SchemaState:
    """The revision of the tables, None where there are none, and the one this program expects."""

    current: str | None
    expected: str
    known: frozenset[str]

    @property
    def is_current(self) -> bool:
        return self.current == self.expected

    @property
    def is_newer(self) -> bool:
        """Whether a newer program has migrated the database, as during a rolling upgrade."""
        return self.current is not None and self.current not in self.known

    @property
    def is_behind(self) -> bool:
        """Whether `holdfast db upgrade` must run before this program can serve."""
        return not self.is_current and not self.is_newer


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the tables to a revision; the file of a SQLite database is made if it is missing.

    Safe to run from several processes at once. Raises AlreadyHeld, TemporarilyUnavailable.
    """
    await _run(url, lambda config: command.upgrade(config, revision))


async def downgrade(url: str, revision: str) -> None:
    """Take the tables back to an earlier revision, ``base`` for none. Loses what they held."""
    await _run(url, lambda config: command.downgrade(config, revision))


async def check(url: str) -> None:
    """Compare the tables with the models, column by column. Raises SchemaMismatch."""
    try:
        await _run(url, command.check)
    except CommandError as error:
        raise SchemaMismatch(str(error)) from error


async def schema_state(engine: AsyncEngine) -> SchemaState:
    """Read the revision of the tables. Raises TemporarilyUnavailable."""
    with named_failures():
        async with reading(engine).connect() as connection:
            current = await connection.run_sync(_current_revision)
    script = _script()
    known = frozenset(each.revision for each in script.walk_revisions())
    return SchemaState(current, str(script.get_current_head()), known)


@asynccontextmanager
async def migrating(url: str) -> AsyncIterator[AsyncConnection]:
    """Open the one connection that may change tables now, in a transaction that commits."""
    path = sqlite_path(url)
    if path is not None:
        create_private(path)
    opened = _postgresql(url) if path is None else _sqlite(url, path)
    with named_failures():
        async with opened as connection, connection.begin():
            yield connection


def config() -> Config:
    """Return Alembic's configuration, in a checkout as in an installed wheel."""
    package = Path(__file__).parents[1]
    installed = package / "_migrations"
    folder = installed if installed.is_dir() else package.parent / "migrations"
    made = Config(stdout=io.StringIO())
    made.set_main_option("script_location", str(folder).replace("%", "%%"))
    return made


@cache
def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(config())


async def _run(url: str, act: Callable[[Config], None]) -> None:
    def on_connection(connection: Connection) -> None:
        made = config()
        made.attributes["connection"] = connection
        act(made)

    async with migrating(url) as connection:
        await connection.run_sync(on_connection)


def _current_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@asynccontextmanager
async def _sqlite(url: str, path: Path) -> AsyncIterator[AsyncConnection]:
    engine = make_engine(url, _LIMITS)
    try:
        async with (
            hold_file(path.with_name(path.name + ".migrate"), patience=_PATIENCE),
            reading(engine).connect() as connection,
        ):
            # Tables are changed by copying: no row may be deleted because its parent is for a time.
            await connection.execute(text("PRAGMA foreign_keys=OFF"))
            await connection.rollback()
            yield await connection.execution_options(**{BEGIN: "BEGIN IMMEDIATE"})
    finally:
        await engine.dispose()


@asynccontextmanager
async def _postgresql(url: str) -> AsyncIterator[AsyncConnection]:
    engine = make_engine(url, _LIMITS)
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f"SET lock_timeout = '{_PATIENCE}s'"))
            # For the session, not the transaction: it ends with the connection, whatever happens.
            await connection.execute(text(f"SELECT pg_advisory_lock({MIGRATION_LOCK})"))
            await connection.commit()
            yield connection
    finally:
        await engine.dispose()
