"""Which replay memory served first, on every database."""

import asyncio

from app.storage.database import SqlDatabase, open_database


async def claim(database: SqlDatabase, name: str) -> bool:
    async with database.begin() as work:
        is_first = await work.first_memory.claim(name)
        await work.commit()
    return is_first


async def test_the_first_memory_stays_the_first(database: SqlDatabase) -> None:
    assert await claim(database, "one")
    assert not await claim(database, "two")
    assert await claim(database, "one")


async def test_a_claim_that_is_not_committed_counts_for_nothing(database: SqlDatabase) -> None:
    async with database.begin() as work:
        assert await work.first_memory.claim("one")
    assert await claim(database, "two")


async def test_of_servers_that_start_at_once_all_on_one_memory_are_first_or_none(url: str) -> None:
    names = ["one", "two", "one", "two", "one", "two"]
    servers = [open_database(url) for _ in names]
    results = await asyncio.gather(*map(claim, servers, names))
    for each in servers:
        await each.close()
    assert sorted(map(tuple, (set(results[::2]), set(results[1::2])))) == [(False,), (True,)]
