"""What has ended is deleted, a day later; nothing else is."""

import asyncio
from dataclasses import replace

from app.oauth.token_family import TokenFamily
from app.storage.database import SqlDatabase, open_database
from app.storage.families import SWEEP
from app.storage.pruner import MARGIN
from tests.builders import NOW, FrozenClock
from tests.replicas.processes import until

from .values import a_family, a_refresh_token

LONG_AFTER = NOW + MARGIN + 1


def ending(at: float) -> TokenFamily:
    return replace(a_family(), expires_at=at)


async def add(database: SqlDatabase, *families: TokenFamily, tokens: int = 1) -> None:
    async with database.begin() as work:
        for family in families:
            await work.families.add(family)
            for number in range(tokens):
                token_hash = f"{family.family_id} {number}"
                await work.refresh_tokens.add(a_refresh_token(family, token_hash=token_hash))
        await work.commit()


async def is_there(database: SqlDatabase, family: TokenFamily) -> bool:
    async with database.read() as work:
        return await work.families.find(family.family_id) is not None


async def test_a_family_goes_a_day_after_its_end_with_all_its_tokens(
    database: SqlDatabase,
) -> None:
    ended, alive = ending(NOW), ending(NOW + 1)
    await add(database, ended, alive, tokens=3)
    assert await database.pruner.prune(NOW + MARGIN) == 0
    assert await database.pruner.prune(NOW + MARGIN + 0.5) == 1 + 3
    assert not await is_there(database, ended)
    assert await is_there(database, alive)
    async with database.read() as work:
        assert await work.refresh_tokens.find(f"{alive.family_id} 2") is not None
        assert await work.refresh_tokens.find(f"{ended.family_id} 0") is None


async def test_the_mark_of_a_replayed_code_goes_too(database: SqlDatabase) -> None:
    mark = ending(NOW)
    async with database.begin() as work:
        await work.families.condemn(mark)
        await work.commit()
    assert await database.pruner.prune(LONG_AFTER) == 1


async def test_however_many_tokens_there_are_all_go(database: SqlDatabase) -> None:
    long_lived, short_lived = ending(NOW), ending(NOW)
    await add(database, long_lived, tokens=SWEEP + 5)
    await add(database, short_lived)
    assert await database.pruner.prune(LONG_AFTER) == 2 + SWEEP + 5 + 1
    assert not await is_there(database, long_lived)


async def test_replicas_that_prune_at_once_do_not_wait_for_each_other(url: str) -> None:
    replicas = [open_database(url) for _ in range(2)]
    families = [ending(NOW) for _ in range(30)]
    await add(replicas[0], *families)
    gone = await asyncio.gather(*(each.pruner.prune(LONG_AFTER) for each in replicas))
    left = [await is_there(replicas[0], each) for each in families]
    for each in replicas:
        await each.close()
    assert sum(gone) == 2 * len(families)
    assert not any(left)


async def test_a_running_server_prunes_by_itself(database: SqlDatabase) -> None:
    ended = ending(NOW)
    await add(database, ended)
    database.pruner.start(FrozenClock(LONG_AFTER))

    async def is_gone() -> bool:
        return not await is_there(database, ended)

    await until(is_gone, "its end")
    assert not await is_there(database, ended)
