"""Locks between processes. The kernel or the server frees them when their holder dies."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import structlog

from ..oauth.errors import TemporarilyUnavailable
from .engine import create_private, dsn, sqlite_path
from .errors import named_failures

_log = structlog.get_logger(__name__)

# The advisory locks of one database share one space of numbers; these are ours.
MIGRATION_LOCK = 0x686F6C64_00000001
MEMORY_LOCK = 0x686F6C64_00000002

_POLL = 0.05

# A machine that vanished must not hold the lock for hours.
_SESSION = {
    "application_name": "holdfast memory lock",
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}


class AlreadyHeld(Exception):
    """Another process has the lock; the message is a sentence for the operator."""


@asynccontextmanager
async def hold_exclusive(
    url: str, *, on_lost: Callable[[], None], poll: float = 1.0
) -> AsyncIterator[None]:
    """Hold the right to serve this database with state in memory, for life.

    SQLite: a locked file beside the database. PostgreSQL: an advisory lock on a connection of its
    own, looked after every ``poll`` seconds; when that breaks, the lock is taken again, and
    ``on_lost`` is called if another server was faster: the caller must then stop at once.
    Raises AlreadyHeld, TemporarilyUnavailable.
    """
    path = sqlite_path(url)
    held = _advisory_lock(url, on_lost, poll) if path is None else _file_beside(path)
    async with held:
        yield


@asynccontextmanager
async def hold_file(path: Path, *, patience: float) -> AsyncIterator[None]:
    """Hold a lock file, waiting ``patience`` seconds at most for others. Raises AlreadyHeld."""
    create_private(path)
    handle = os.open(path, os.O_RDWR)
    try:
        deadline = asyncio.get_running_loop().time() + patience
        while not _try_lock(handle):
            if asyncio.get_running_loop().time() >= deadline:
                raise AlreadyHeld(f"another process holds {path}")
            await asyncio.sleep(_POLL)
        yield
    finally:
        os.close(handle)


@asynccontextmanager
async def _file_beside(database: Path) -> AsyncIterator[None]:
    try:
        async with hold_file(database.with_name(database.name + ".lock"), patience=0):
            yield
    except AlreadyHeld:
        raise AlreadyHeld(_sentence(str(database))) from None


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@asynccontextmanager
async def _advisory_lock(url: str, on_lost: Callable[[], None], poll: float) -> AsyncIterator[None]:
    session = _LockSession(url)
    if not await session.take():
        raise AlreadyHeld(_sentence("this database"))
    keeper = asyncio.create_task(session.keep(on_lost, poll), name="memory-lock")
    try:
        yield
    finally:
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper
        await session.give_back()


class _LockSession:
    """The connection on which PostgreSQL holds the lock for us."""

    def __init__(self, url: str) -> None:
        self._dsn = dsn(url)
        self._connection: asyncpg.Connection | None = None

    async def take(self) -> bool:
        """Connect and take the lock; False if another has it. Raises TemporarilyUnavailable."""
        taken = False
        try:
            with named_failures():
                self._connection = await asyncpg.connect(
                    self._dsn, timeout=5, command_timeout=5, server_settings=_SESSION
                )
                taken = await self._connection.fetchval(
                    "SELECT pg_try_advisory_lock($1)", MEMORY_LOCK
                )
        finally:
            if not taken:
                await self._close()
        return bool(taken)

    async def keep(self, on_lost: Callable[[], None], poll: float) -> None:
        """Look after the lock until another has it, or we cannot tell."""
        held = True
        while held:
            await asyncio.sleep(poll)
            try:
                held = await self._is_held() or await self.take()
            except TemporarilyUnavailable:
                continue
            except Exception:  # noqa: BLE001  # whatever it is, nobody else watches the lock
                _log.exception("memory_lock.unsure")
                break
        _log.error("memory_lock.lost")
        on_lost()

    async def give_back(self) -> None:
        """Free the lock, unless the connection is gone and the lock with it."""
        if self._connection is not None:
            with suppress(TemporarilyUnavailable), named_failures():
                await self._connection.execute("SELECT pg_advisory_unlock_all()")
        await self._close()

    async def _is_held(self) -> bool:
        if self._connection is None:
            return False
        try:
            with named_failures():
                await self._connection.execute("SELECT 1")
        except TemporarilyUnavailable:
            await self._close()
            return False
        return True

    async def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(TemporarilyUnavailable), named_failures():
                await connection.close(timeout=2)


def _sentence(database: str) -> str:
    return (
        f"another Holdfast process serves {database} with its state in memory; two such memories "
        "would each accept a stolen proof once. Stop it, or set HOLDFAST_REDIS_URL for both"
    )
