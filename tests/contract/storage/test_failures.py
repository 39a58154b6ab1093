"""A database that does not answer refuses the request; when it is back, service resumes."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from app.oauth.errors import TemporarilyUnavailable
from app.storage.database import SqlDatabase, open_database
from app.storage.engine import Limits, sqlite_path

from .values import a_client, an_event

IMPATIENT = Limits(pool_size=1, pool_timeout=0.2, statement_timeout=0.3, connect_timeout=1)

UNREACHABLE = [
    pytest.param("postgresql://nobody@127.0.0.1:1/none", id="refused"),
    pytest.param("postgresql://nobody@/none?host=/nonexistent", id="no socket"),
    pytest.param("postgresql://nobody@host.invalid/none", id="no such host"),
]


@pytest.fixture
async def impatient(url: str) -> AsyncIterator[SqlDatabase]:
    opened = open_database(url, IMPATIENT)
    yield opened
    await opened.close()


async def add(database: SqlDatabase) -> None:
    async with database.begin() as work:
        await work.clients.add(a_client())
        await work.commit()


async def find(database: SqlDatabase) -> None:
    await database.clients.find("spa")


@pytest.mark.parametrize("url", UNREACHABLE)
@pytest.mark.parametrize("use", [add, find, SqlDatabase.ping, SqlDatabase.schema_state])
async def test_a_server_out_of_reach_is_temporarily_unavailable(
    url: str, use: Callable[[SqlDatabase], Awaitable[object]]
) -> None:
    database = open_database(url, IMPATIENT)
    with pytest.raises(TemporarilyUnavailable) as refusal:
        await use(database)
    await database.close()
    assert "nobody" not in refusal.value.description


async def test_a_wrong_database_name_is_temporarily_unavailable(postgresql_url: str) -> None:
    database = open_database(postgresql_url.replace("/test_", "/none_"))
    with pytest.raises(TemporarilyUnavailable):
        await database.ping()
    await database.close()


async def test_when_every_connection_is_busy_the_next_request_is_refused(
    impatient: SqlDatabase,
) -> None:
    async with impatient.begin() as work:
        with pytest.raises(TemporarilyUnavailable):
            await add(impatient)
        with pytest.raises(TemporarilyUnavailable):
            await find(impatient)
        await work.clients.add(a_client(client_id="other"))
        await work.commit()
    await add(impatient)
    assert await impatient.clients.find("spa") == a_client()


async def test_a_writer_whose_turn_does_not_come_is_refused(sqlite_url: str) -> None:
    database = open_database(sqlite_url, Limits(pool_timeout=0.1))
    async with database.begin():
        with pytest.raises(TemporarilyUnavailable):
            await add(database)
        await find(database)
    await add(database)
    assert await database.clients.find("spa") == a_client()
    await database.close()


async def test_a_file_that_another_process_has_locked_is_temporarily_unavailable(
    sqlite_url: str,
) -> None:
    database = open_database(sqlite_url, IMPATIENT)
    with closing(sqlite3.connect(str(sqlite_path(sqlite_url)))) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TemporarilyUnavailable):
            await add(database)
        await find(database)
    await add(database)
    assert await database.clients.find("spa") == a_client()
    await database.close()


async def test_a_full_disk_is_temporarily_unavailable(sqlite_url: str) -> None:
    database = open_database(sqlite_url, IMPATIENT)
    await shrink(database, "PRAGMA max_page_count = 1")
    with pytest.raises(TemporarilyUnavailable):
        await add_much(database)
    await shrink(database, "PRAGMA max_page_count = 100000")
    await add(database)
    assert await database.clients.find("spa") == a_client()
    await database.close()


async def add_much(database: SqlDatabase) -> None:
    async with database.begin() as work:
        await work.audit.add_all([an_event(details={"x": "y" * 10_000})] * 100)
        await work.commit()


async def shrink(database: SqlDatabase, pragma: str) -> None:
    async with database._engine.connect() as connection:
        await connection.execute(text(pragma))


async def test_a_file_that_is_gone_is_temporarily_unavailable(sqlite_url: str) -> None:
    database = open_database(sqlite_url, IMPATIENT)
    path = sqlite_path(sqlite_url)
    assert path is not None
    path.unlink()
    path.mkdir()
    with pytest.raises(TemporarilyUnavailable):
        await find(database)
    await database.close()


async def test_a_statement_that_waits_too_long_is_temporarily_unavailable(
    postgresql_url: str,
) -> None:
    impatient = open_database(postgresql_url, Limits(statement_timeout=0.2))
    await add(impatient)
    async with impatient.begin() as first:
        await first.clients.lock("spa")
        with pytest.raises(TemporarilyUnavailable):
            async with impatient.begin() as second:
                await second.clients.lock("spa")
    await find(impatient)
    await impatient.close()


async def test_of_two_that_wait_for_each_other_one_is_temporarily_unavailable(
    postgresql_url: str,
) -> None:
    database = open_database(postgresql_url)
    async with database.begin() as work:
        await work.clients.add(a_client(client_id="a"))
        await work.clients.add(a_client(client_id="b"))
        await work.commit()
    both = asyncio.Barrier(2)

    async def lock(first: str, second: str) -> None:
        async with database.begin() as work:
            await work.clients.lock(first)
            await both.wait()
            await work.clients.lock(second)

    results = await asyncio.gather(lock("a", "b"), lock("b", "a"), return_exceptions=True)
    assert [type(result) for result in results if result] == [TemporarilyUnavailable]
    await database.close()


async def test_after_a_restart_of_the_server_service_resumes(postgresql_url: str) -> None:
    database = open_database(postgresql_url)
    await add(database)
    async with database.begin() as work:
        await work.clients.add(a_client(client_id="other"))
        await end_all_sessions(postgresql_url)
        with pytest.raises(TemporarilyUnavailable):
            await work.commit()
    assert await database.clients.find("spa") == a_client()
    assert await database.clients.find("other") is None
    await database.close()


async def test_a_pool_of_dead_connections_costs_one_request(postgresql_url: str) -> None:
    database = open_database(postgresql_url)
    await asyncio.gather(*(find(database) for _ in range(10)))
    await end_all_sessions(postgresql_url)
    results = [await settled(find(database)) for _ in range(5)]
    assert [type(result) for result in results if result] == [TemporarilyUnavailable]
    await database.close()


async def settled(awaitable: Awaitable[object]) -> object:
    (result,) = await asyncio.gather(awaitable, return_exceptions=True)
    return result


async def end_all_sessions(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()


async def test_a_table_that_is_not_there_is_our_fault_and_no_passing_failure(
    tmp_path: Path,
) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(Exception, match="no such table") as error:
        await find(database)
    assert not isinstance(error.value, TemporarilyUnavailable)
    await database.close()
