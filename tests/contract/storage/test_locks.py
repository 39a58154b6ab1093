"""The right to serve a database with state in memory: one process, until it ends."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import asyncpg
import pytest

from app.oauth.errors import TemporarilyUnavailable
from app.storage.engine import sqlite_path
from app.storage.lock import MEMORY_LOCK, AlreadyHeld, hold_exclusive, hold_file

from .processes import ROOT

HOLDER = """
import asyncio, sys
from app.storage.lock import hold_exclusive
async def main():
    async with hold_exclusive(sys.argv[1], on_lost=sys.exit):
        print("held", flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


def never() -> None:
    raise AssertionError("the lock was lost")


async def test_a_second_holder_is_refused_with_a_sentence(url: str) -> None:
    async with hold_exclusive(url, on_lost=never):
        with pytest.raises(AlreadyHeld, match=r"set HOLDFAST_REDIS_URL"):
            async with hold_exclusive(url, on_lost=never):
                raise AssertionError


async def test_the_lock_is_free_after_its_holder_leaves(url: str) -> None:
    for _ in range(2):
        async with hold_exclusive(url, on_lost=never):
            held = True
    assert held


async def test_another_process_is_refused_until_kill_9_frees_the_lock(url: str) -> None:
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, url, stdout=PIPE, cwd=ROOT
    )
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"held\n"
    with pytest.raises(AlreadyHeld):
        async with hold_exclusive(url, on_lost=never):
            raise AssertionError
    holder.kill()
    await holder.wait()
    await freed(url)
    async with hold_exclusive(url, on_lost=never):
        assert holder.returncode == -signal.SIGKILL


async def freed(url: str) -> None:
    """Wait for PostgreSQL to see the end of a holder; the kernel has seen it before anyone."""
    if sqlite_path(url) is None:
        connection = await asyncpg.connect(url)
        await connection.execute(f"SELECT pg_advisory_lock({MEMORY_LOCK})")
        await connection.execute("SELECT pg_advisory_unlock_all()")
        await connection.close()


async def test_two_databases_are_held_by_two_servers(tmp_path: Path) -> None:
    one, other = (f"sqlite:///{tmp_path / name}" for name in ("a.db", "b.db"))
    async with hold_exclusive(one, on_lost=never), hold_exclusive(other, on_lost=never):
        assert names(tmp_path) == {"a.db.lock", "b.db.lock"}


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


async def test_a_server_out_of_reach_gives_no_lock() -> None:
    with pytest.raises(TemporarilyUnavailable):
        async with hold_exclusive("postgresql://nobody@127.0.0.1:1/none", on_lost=never):
            raise AssertionError


async def end_holder(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE application_name = 'holdfast memory lock' AND datname = current_database()"
    )
    await connection.close()


async def held(url: str) -> None:
    """Wait until somebody holds the lock."""
    connection = await asyncpg.connect(url)
    async with asyncio.timeout(60):
        while not await connection.fetchval(
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database "
            "WHERE locktype = 'advisory' AND granted AND datname = current_database()"
        ):
            pass
    await connection.close()


async def test_a_lock_whose_connection_broke_is_taken_again(postgresql_url: str) -> None:
    async with hold_exclusive(postgresql_url, on_lost=never, poll=0.01):
        await end_holder(postgresql_url)
        await held(postgresql_url)
        with pytest.raises(AlreadyHeld):
            async with hold_exclusive(postgresql_url, on_lost=never):
                raise AssertionError


async def test_a_holder_whose_lock_another_took_is_told_to_stop(postgresql_url: str) -> None:
    lost = asyncio.Event()
    async with hold_exclusive(postgresql_url, on_lost=lost.set, poll=0.5):
        await end_holder(postgresql_url)
        async with hold_exclusive(postgresql_url, on_lost=never):
            async with asyncio.timeout(60):
                await lost.wait()
    assert lost.is_set()


async def test_a_lock_file_is_waited_for_no_longer_than_allowed(tmp_path: Path) -> None:
    async with hold_file(tmp_path / "lock", patience=0):
        with pytest.raises(AlreadyHeld, match="another process holds"):
            async with hold_file(tmp_path / "lock", patience=0.1):
                raise AssertionError


async def test_a_lock_file_that_becomes_free_is_taken(tmp_path: Path) -> None:
    async with hold_file(tmp_path / "lock", patience=0):
        waiting = asyncio.create_task(enter(tmp_path / "lock"))
        await asyncio.sleep(0)
    assert await waiting is True


async def enter(path: Path) -> bool:
    async with hold_file(path, patience=10):
        return True
