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
    connection = await _take(url)
    if connection is None:
        raise AlreadyHeld(_sentence("this database"))
    keeper = asyncio.create_task(_keep(url, connection, on_lost, poll), name="memory-lock")
    try:
        yield
    finally:
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper


async def _take(url: str) -> asyncpg.Connection | None:
    """Connect and take the lock; None if another has it."""
    with named_failures():
        connection = await asyncpg.connect(
            dsn(url),
            timeout=5,
            command_timeout=5,
            # A machine that vanished must not hold the lock for hours.
            server_settings={
                "application_name": "holdfast memory lock",
                "tcp_keepalives_idle": "15",
                "tcp_keepalives_interval": "5",
                "tcp_keepalives_count": "3",
            },
        )
        if await connection.fetchval("SELECT pg_try_advisory_lock($1)", MEMORY_LOCK):
            return connection
        await connection.close()
        return None


async def _keep(
    url: str, connection: asyncpg.Connection | None, on_lost: Callable[[], None], poll: float
) -> None:
    try:
        while connection is not None:
            await asyncio.sleep(poll)
            if not await _is_alive(connection):
                _log.warning("memory_lock.broken")
                connection.terminate()
                connection = await _take_again(url, poll)
        _log.error("memory_lock.lost")
        on_lost()
    finally:
        if connection is not None:
            connection.terminate()


async def _is_alive(connection: asyncpg.Connection) -> bool:
    try:
        with named_failures():
            await connection.execute("SELECT 1")
    except TemporarilyUnavailable:
        return False
    return True


async def _take_again(url: str, poll: float) -> asyncpg.Connection | None:
    while True:
        try:
            return await _take(url)
        except TemporarilyUnavailable:
            await asyncio.sleep(poll)


def _sentence(database: str) -> str:
    return (
        f"another Holdfast process serves {database} with its state in memory; two such memories "
        "would each accept a stolen proof once. Stop it, or set HOLDFAST_REDIS_URL for both"
    )
