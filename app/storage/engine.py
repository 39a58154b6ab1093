"""Engines: what a connection to SQLite or PostgreSQL is told before its first statement."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import URL, Connection, ExceptionContext, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

# An execution option: the statement that opens the transaction. None: each statement its own.
BEGIN = "holdfast_begin"


class WrongUrl(ValueError):
    """The database URL names no database this server can use. The message does not repeat it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process may ask of its database. Times in seconds.

    ``pool_timeout`` is how long a request waits for a connection, ``statement_timeout`` how long
    for one statement, waiting for others' locks included.
    """

    pool_size: int = 10
    pool_timeout: float = 5.0
    statement_timeout: float = 10.0
    connect_timeout: float = 5.0


def make_engine(url: str, limits: Limits) -> AsyncEngine:
    """Make the engine of a ``sqlite:///path`` or ``postgresql://`` URL. Connects to nothing yet."""
    path = sqlite_path(url)
    return _postgresql(url, limits) if path is None else _sqlite(path, limits)


def sqlite_path(url: str) -> Path | None:
    """Return the file of a SQLite URL, absolute; None for PostgreSQL. Raises WrongUrl."""
    if url.startswith(("postgresql://", "postgresql+asyncpg://")):
        return None
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise WrongUrl("the database URL must start with postgresql:// or sqlite:///") from None
    if parsed.get_backend_name() != "sqlite":
        raise WrongUrl("the database URL must start with postgresql:// or sqlite:///")
    if not parsed.database or parsed.database.startswith((":memory:", "file:")):
        raise WrongUrl(
            "a SQLite URL must name a file, like sqlite:////var/lib/holdfast/holdfast.db"
        )
    return Path(parsed.database).absolute()


def dsn(url: str) -> str:
    """Return a PostgreSQL URL as libpq and asyncpg spell it."""
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)


def create_private(path: Path) -> None:
    """Create the file, mode 0600, and its directory, mode 0700, where they are missing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _sqlite(path: Path, limits: Limits) -> AsyncEngine:
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        # isolation_level None: the driver opens no transaction behind our back.
        connect_args={"timeout": limits.pool_timeout, "isolation_level": None},
        pool_size=limits.pool_size,
        max_overflow=0,
        pool_timeout=limits.pool_timeout,
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401  # any driver's
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        if statement := connection.get_execution_options().get(BEGIN):
            connection.exec_driver_sql(statement)

    # BEGIN IMMEDIATE: a transaction that reads first could not be upgraded to write later.
    return engine.execution_options(**{BEGIN: "BEGIN IMMEDIATE"})


def _postgresql(url: str, limits: Limits) -> AsyncEngine:
    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(
            dsn(url),
            timeout=limits.connect_timeout,
            # When not even the server's own timeout reaches us, the network is gone.
            command_timeout=limits.statement_timeout + limits.connect_timeout,
            server_settings={
                "application_name": "holdfast",
                "timezone": "UTC",
                "statement_timeout": _milliseconds(limits.statement_timeout),
                "idle_in_transaction_session_timeout": _milliseconds(3 * limits.statement_timeout),
                "default_transaction_isolation": "read committed",
                "jit": "off",
            },
        )

    engine = create_async_engine(
        # The driver gets the URL as it is: several hosts, target_session_attrs, sslmode and all.
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=limits.pool_size,
        max_overflow=0,
        pool_timeout=limits.pool_timeout,
        pool_recycle=1800,
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "handle_error")
    def notice_the_end(context: ExceptionContext) -> None:
        # What the driver says once it has read the server's last word, but not yet the end.
        if isinstance(context.original_exception, asyncpg.InternalClientError):
            context.is_disconnect = True

    return engine


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))


def reading(engine: AsyncEngine) -> AsyncEngine:
    """Return the engine, same pool, with each statement a transaction of its own.

    Under READ COMMITTED a snapshot lasts for one statement anyway; this saves BEGIN and ROLLBACK.
    """
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{BEGIN: None})
    return engine.execution_options(isolation_level="AUTOCOMMIT")
