"""Makes and changes the tables: Alembic, run from code, by one process at a time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from .engine import BEGIN, Limits, create_private, make_engine, reading, sqlite_path
from .errors import named_failures
from .lock import MIGRATION_LOCK, hold_file
from .schema import SchemaState, schema_state

# Seconds to wait for another process that migrates, and for one statement of a migration.
_PATIENCE = 120
_LIMITS = Limits(pool_size=1, pool_timeout=30, statement_timeout=3600)


class SchemaMismatch(Exception):
    """The tables are not those of this program; the message says in what."""


async def upgrade(url: str) -> None:
    """Bring the tables up to date; the file of a SQLite database is made if it is missing.

    Safe to run from several processes at once, and quick where nothing is to be done.
    Raises AlreadyHeld, SchemaMismatch, TemporarilyUnavailable.
    """
    async with _turn(url):
        state = await _state(url)
        if state.is_newer:
            raise SchemaMismatch(
                f"the tables are at revision {state.current}, made by a newer version of Holdfast "
                f"than this one, which knows {state.expected}; run that version"
            )
        if state.is_behind:
            async with _transaction(url) as connection:
                await connection.run_sync(_alembic().upgrade, "head")


async def downgrade(url: str, revision: str) -> None:
    """Take the tables back to an earlier revision, ``base`` for none. Loses what they held."""
    async with migrating(url) as connection:
        await connection.run_sync(_alembic().downgrade, revision)


async def check(url: str) -> None:
    """Compare the tables with the models, column by column. Raises SchemaMismatch."""
    async with migrating(url) as connection:
        differences = await connection.run_sync(_alembic().differences)
    if differences:
        raise SchemaMismatch(differences)


@asynccontextmanager
async def migrating(url: str) -> AsyncIterator[AsyncConnection]:
    """Open the one connection that may change tables now, in a transaction that commits."""
    async with _turn(url), _transaction(url) as connection:
        yield connection


def _alembic() -> ModuleType:
    from . import history  # noqa: PLC0415  # a fifth of a start's time, and most change no table

    return history


async def _state(url: str) -> SchemaState:
    engine = make_engine(url, _LIMITS)
    try:
        return await schema_state(engine)
    finally:
        await engine.dispose()


@asynccontextmanager
async def _turn(url: str) -> AsyncIterator[None]:
    """Wait for other processes: also the first connections to a new SQLite file collide."""
    path = sqlite_path(url)
    if path is None:  # PostgreSQL's lock is taken on the connection
        yield
        return
    create_private(path)
    async with hold_file(path.with_name(path.name + ".migrate"), patience=_PATIENCE):
        yield


@asynccontextmanager
async def _transaction(url: str) -> AsyncIterator[AsyncConnection]:
    engine = make_engine(url, _LIMITS)
    try:
        with named_failures():
            async with reading(engine).connect() as connection:
                begin = await _prepare(connection)
                await connection.execution_options(**begin)
                async with connection.begin():
                    yield connection
    finally:
        await engine.dispose()


async def _prepare(connection: AsyncConnection) -> dict[str, str]:
    """Ready the session for migrations; return the options of their transaction."""
    if connection.dialect.name == "sqlite":
        # Tables are changed by copying: no row may be deleted because its parent is for a time.
        await connection.execute(text("PRAGMA foreign_keys=OFF"))
        await connection.rollback()
        return {BEGIN: "BEGIN IMMEDIATE"}
    await connection.execute(text(f"SET lock_timeout = '{_PATIENCE}s'"))
    # For the session, not the transaction: it ends with the connection, whatever happens.
    await connection.execute(text(f"SELECT pg_advisory_lock({MIGRATION_LOCK})"))
    await connection.rollback()
    return {"isolation_level": "READ COMMITTED"}
