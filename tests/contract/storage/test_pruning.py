"""What has ended is deleted, a day later; nothing else is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from sqlalchemy import func, select

from app.oauth.token_family import TokenFamily
from app.storage.database import SqlDatabase, open_database
from app.storage.families import FAMILIES, TOKENS
from app.storage.models import Base, FamilyRow, RefreshTokenRow, RevokedTokenRow
from app.storage.pruner import MARGIN, Pruner
from app.storage.revoked_tokens import MARGIN as REVOCATION_MARGIN
from tests.builders import NOW, FrozenClock

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


async def prune(
    database: SqlDatabase, now: float = LONG_AFTER, stop: asyncio.Event | None = None
) -> int:
    return await Pruner(database, FrozenClock(now)).prune(stop or asyncio.Event())


async def rows(database: SqlDatabase, table: type[Base]) -> int:
    async with database._engine.connect() as connection:
        found = await connection.execute(select(func.count()).select_from(table))
        return int(found.scalar_one())


async def is_there(database: SqlDatabase, family: TokenFamily) -> bool:
    async with database.read() as work:
        return await work.families.find(family.family_id) is not None


async def test_a_family_goes_a_day_after_its_end_with_all_its_tokens(
    database: SqlDatabase,
) -> None:
    ended, alive = ending(NOW), ending(NOW + 1)
    await add(database, ended, alive, tokens=3)
    assert await prune(database, NOW + MARGIN) == 0
    assert await prune(database, NOW + MARGIN + 0.5) == 1 + 3
    assert not await is_there(database, ended)
    assert await is_there(database, alive)
    async with database.read() as work:
        assert await work.refresh_tokens.find(f"{alive.family_id} 2") is not None
        assert await work.refresh_tokens.find(f"{ended.family_id} 0") is None


async def test_a_revoked_family_stays_as_long(database: SqlDatabase) -> None:
    family = ending(NOW)
    await add(database, family)
    async with database.begin() as work:
        assert await work.families.revoke(family.family_id)
        await work.commit()
    assert await prune(database, NOW + MARGIN) == 0
    assert await prune(database) == 2


async def test_the_tombstone_of_a_code_is_there_until_then(database: SqlDatabase) -> None:
    family = ending(NOW)
    await add(database, family)
    await prune(database, NOW + MARGIN)
    async with database.begin() as work:
        assert await work.families.add(family) is None


async def test_the_mark_of_a_replayed_code_goes_too(database: SqlDatabase) -> None:
    mark = ending(NOW)
    async with database.begin() as work:
        await work.families.condemn(mark)
        await work.commit()
    assert await prune(database) == 1


async def test_a_revocation_goes_once_its_token_has_expired_everywhere(
    database: SqlDatabase,
) -> None:
    async with database.begin() as work:
        await work.revoked_tokens.add("jti", NOW, NOW - 1)
        await work.commit()
    assert await prune(database, NOW + REVOCATION_MARGIN) == 0
    assert await prune(database, NOW + REVOCATION_MARGIN + 1) == 1
    assert await rows(database, RevokedTokenRow) == 0


async def test_however_many_there_are_all_go(database: SqlDatabase) -> None:
    long_lived, *short_lived = [ending(NOW) for _ in range(FAMILIES + 5)]
    await add(database, long_lived, tokens=TOKENS + 5)
    await add(database, *short_lived)
    assert await prune(database) == (1 + TOKENS + 5) + 2 * (FAMILIES + 4)
    assert await rows(database, FamilyRow) == await rows(database, RefreshTokenRow) == 0


async def test_it_stops_between_two_transactions_when_told_to(database: SqlDatabase) -> None:
    await add(database, *[ending(NOW) for _ in range(3)])
    stop = asyncio.Event()
    stop.set()
    assert await prune(database, stop=stop) == 0
    assert await rows(database, FamilyRow) == 3


@asynccontextmanager
async def replicas(url: str, count: int) -> AsyncIterator[list[SqlDatabase]]:
    async with AsyncExitStack() as stack:
        opened = [open_database(url) for _ in range(count)]
        for each in opened:
            stack.push_async_callback(each.close)
        yield opened


async def test_replicas_that_prune_at_once_delete_each_row_once(url: str) -> None:
    families = [ending(NOW) for _ in range(2 * FAMILIES)]
    async with replicas(url, 3) as opened:
        await add(opened[0], *families)
        gone = await asyncio.gather(*map(prune, opened))
        # Who found the rest taken by another stops; what that one left, the next round takes.
        gone.append(await prune(opened[0]))
        assert await rows(opened[0], FamilyRow) == 0
    assert sum(gone) == 2 * len(families)
