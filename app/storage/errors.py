"""The failures of a database, named in one place."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import structlog
from sqlalchemy import exc

from ..oauth.errors import TemporarilyUnavailable

_log = structlog.get_logger(__name__)


class Taken(Exception):
    """Another row already has this name, address or key. Nothing was changed."""


class ChangedMeanwhile(Exception):
    """Somebody changed the row since it was read. Nothing was changed."""


# Primary result codes: what waiting, or an operator, can cure.
_SQLITE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)

# PostgreSQL, appendix A. Classes: connection, authorization, no such database, rolled back by
# deadlock or serialization, resources (disk full, too many connections), lock not available,
# operator intervention (shutdown, statement timeout), system error; and a standby's refusal.
_SQLSTATES = ("08", "28", "3D", "40", "53", "55", "57", "58", "25006")

_DRIVERS = (
    exc.SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

_UNIQUE = ("23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")


@contextmanager
def named_failures() -> Iterator[None]:
    """Turn a driver's failures into TemporarilyUnavailable or Taken; let the others through."""
    try:
        yield
    except exc.IntegrityError as error:
        if _code(error) not in _UNIQUE:
            raise
        raise Taken("the database has a row of that name already") from error
    except _DRIVERS as error:
        if not _is_passing(error):
            raise
        raise _unavailable(error) from error
    except OSError as error:  # refused, reset, unreachable, and the built-in TimeoutError
        raise _unavailable(error) from error


def unavailable(cause: str) -> TemporarilyUnavailable:
    """Log the cause and make the refusal, whose description says nothing of it."""
    _log.warning("database.unavailable", cause=cause)
    return TemporarilyUnavailable(
        "the database does not answer; try again in a moment", part="database"
    )


def _unavailable(error: Exception) -> TemporarilyUnavailable:
    origin = getattr(error, "orig", None) or error
    return unavailable(f"{type(origin).__name__} {_code(error)}".strip())


def _is_passing(error: Exception) -> bool:
    if isinstance(error, exc.TimeoutError | asyncpg.InterfaceError | asyncpg.InternalClientError):
        return (
            True  # the pool is exhausted; the connection is gone, or going: its last word is read
        )
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return True
    origin = getattr(error, "orig", None)
    if isinstance(origin, sqlite3.Error):
        return getattr(origin, "sqlite_errorcode", 0) & 0xFF in _SQLITE
    return _code(error).startswith(_SQLSTATES)


def _code(error: Exception) -> str:
    origin = getattr(error, "orig", None) or error
    return str(getattr(origin, "sqlite_errorname", None) or getattr(origin, "sqlstate", None) or "")
