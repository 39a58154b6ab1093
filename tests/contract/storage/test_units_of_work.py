"""Transactions: all or nothing, one writer's view, and no statement after the commit."""

import asyncio

import pytest

from app.oauth.ports import Consent
from app.storage.database import SqlDatabase
from tests.builders import NOW

from .values import a_client, a_family, a_refresh_token, a_user, an_event


async def fill(database: SqlDatabase, *, commit: bool) -> None:
    family = a_family("code")
    async with database.begin() as work:
        await work.clients.add(a_client())
        await work.users.add(a_user())
        await work.consents.give(Consent("usr_alice", "spa", frozenset({"read"})), NOW)
        await work.families.add(family)
        await work.refresh_tokens.add(a_refresh_token(family))
        await work.audit.add(an_event())
        if commit:
            await work.commit()


async def count(database: SqlDatabase) -> int:
    family = a_family("code")
    async with database.read() as work:
        found = (
            await work.clients.find("spa"),
            await work.users.find("usr_alice"),
            await work.consents.find("usr_alice", "spa"),
            await work.families.find(family.family_id),
            await work.refresh_tokens.find(a_refresh_token(family).token_hash),
            *await work.audit.newest(10),
        )
    return len([each for each in found if each is not None])


async def test_a_commit_keeps_everything(database: SqlDatabase) -> None:
    await fill(database, commit=True)
    assert await count(database) == 6


async def test_without_a_commit_nothing_is_left(database: SqlDatabase) -> None:
    await fill(database, commit=False)
    assert await count(database) == 0


async def test_an_error_leaves_nothing(database: SqlDatabase) -> None:
    async def fail() -> None:
        async with database.begin() as work:
            await work.clients.add(a_client())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await count(database) == 0


async def test_what_is_not_committed_is_seen_by_nobody_else(database: SqlDatabase) -> None:
    async with database.begin() as work:
        await work.clients.add(a_client())
        assert await work.clients.find("spa") == a_client()
        assert await database.clients.find("spa") is None
        await work.commit()
    assert await database.clients.find("spa") == a_client()


async def test_a_committed_unit_of_work_takes_no_statement(database: SqlDatabase) -> None:
    async with database.begin() as work:
        await work.commit()
        with pytest.raises(RuntimeError, match="committed"):
            await work.clients.find("spa")
        with pytest.raises(RuntimeError, match="commits once"):
            await work.commit()


async def test_a_reading_unit_of_work_cannot_write(database: SqlDatabase) -> None:
    async with database.read() as work:
        with pytest.raises(RuntimeError, match="only reads"):
            await work.clients.add(a_client())
        with pytest.raises(RuntimeError, match="reads never"):
            await work.commit()
    assert await database.clients.find("spa") is None


async def test_many_writers_and_readers_get_on_with_each_other(database: SqlDatabase) -> None:
    async def write(number: int) -> None:
        async with database.begin() as work:
            await work.clients.add(a_client(client_id=f"client{number}"))
            await work.commit()

    numbers = range(40)
    await asyncio.gather(
        *(write(number) for number in numbers),
        *(database.clients.find(f"client{number}") for number in numbers),
    )
    async with database.read() as work:
        assert len(await work.clients.list()) == 40


async def test_a_writer_that_is_cancelled_leaves_nothing_and_blocks_nobody(
    database: SqlDatabase,
) -> None:
    wrote = asyncio.Event()

    async def write_for_ever() -> None:
        async with database.begin() as work:
            await work.clients.add(a_client())
            wrote.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write_for_ever())
    await wrote.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await count(database) == 0
    await fill(database, commit=True)
    assert await count(database) == 6


async def test_statements_cancelled_at_any_moment_block_nobody(database: SqlDatabase) -> None:
    for turns in range(25):
        task = asyncio.create_task(fill(database, commit=False))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await fill(database, commit=True)
    assert await count(database) == 6


@pytest.mark.parametrize("at", [NOW, NOW + 0.123456, 0.0, 1.5, 4_102_444_800.000001])
async def test_times_keep_their_microseconds(database: SqlDatabase, at: float) -> None:
    async with database.begin() as work:
        await work.audit.add(an_event(at=at))
        await work.commit()
    async with database.read() as work:
        (event,) = await work.audit.newest(1)
    assert event.at == at
