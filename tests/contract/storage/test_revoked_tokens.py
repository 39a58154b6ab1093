"""Access tokens revoked one by one, on every database."""

import asyncio

from sqlalchemy import func, select

from app.storage.database import SqlDatabase
from app.storage.models import RevokedTokenRow
from app.storage.revoked_tokens import MARGIN, SWEEP
from tests.builders import NOW


async def add(database: SqlDatabase, jti: str, *, expires_at: float, now: float = NOW) -> bool:
    async with database.begin() as work:
        is_new = await work.revoked_tokens.add(jti, expires_at, now)
        await work.commit()
    return is_new


async def contains(database: SqlDatabase, jti: str) -> bool:
    async with database.read() as work:
        return await work.revoked_tokens.contains(jti)


async def count(database: SqlDatabase) -> int:
    async with database._engine.connect() as connection:
        found = await connection.execute(select(func.count()).select_from(RevokedTokenRow))
        return int(found.scalar_one())


async def test_a_token_never_revoked_is_not_found(database: SqlDatabase) -> None:
    assert not await contains(database, "jti")


async def test_a_revoked_token_is_found(database: SqlDatabase) -> None:
    assert await add(database, "jti", expires_at=NOW + 300)
    assert await contains(database, "jti")
    assert not await contains(database, "other")


async def test_what_is_not_committed_is_not_revoked(database: SqlDatabase) -> None:
    async with database.begin() as work:
        await work.revoked_tokens.add("jti", NOW + 300, NOW)
    assert not await contains(database, "jti")


async def test_a_second_revocation_changes_nothing(database: SqlDatabase) -> None:
    await add(database, "jti", expires_at=NOW + 300)
    assert not await add(database, "jti", expires_at=NOW + 900)
    assert await contains(database, "jti")


async def test_of_ten_revocations_at_once_one_is_the_first(database: SqlDatabase) -> None:
    adding = (add(database, "jti", expires_at=NOW + 300) for _ in range(10))
    assert sum(await asyncio.gather(*adding)) == 1


async def test_what_expired_goes_as_new_ones_come(database: SqlDatabase) -> None:
    await add(database, "old", expires_at=NOW + 300)
    await add(database, "living", expires_at=NOW + 900)
    await add(database, "new", expires_at=NOW + 900, now=NOW + 301 + MARGIN)
    assert not await contains(database, "old")
    assert await contains(database, "living")
    assert await contains(database, "new")


async def test_what_expired_stays_while_clocks_may_differ(database: SqlDatabase) -> None:
    await add(database, "old", expires_at=NOW + 300)
    await add(database, "new", expires_at=NOW + 900, now=NOW + 300 + MARGIN)
    assert await contains(database, "old")


async def test_one_revocation_clears_away_a_bounded_number(database: SqlDatabase) -> None:
    async with database.begin() as work:
        for number in range(SWEEP + 5):
            await work.revoked_tokens.add(f"old {number}", NOW, NOW)
        await work.commit()
    await add(database, "new", expires_at=NOW + 900, now=NOW + 300)
    assert await count(database) == 5 + 1


async def test_revocations_at_once_that_clear_away_do_not_hinder_each_other(
    database: SqlDatabase,
) -> None:
    async with database.begin() as work:
        for number in range(50):
            await work.revoked_tokens.add(f"old {number}", NOW, NOW)
        await work.commit()
    adding = (add(database, f"new {n}", expires_at=NOW + 900, now=NOW + 300) for n in range(5))
    assert await asyncio.gather(*adding) == [True] * 5
    assert await count(database) == 5
