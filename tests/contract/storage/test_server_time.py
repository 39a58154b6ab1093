"""The database server's own clock."""

import time

from app.storage.database import open_database


async def test_postgresql_tells_the_time(postgresql_url: str) -> None:
    database = open_database(postgresql_url)
    try:
        told = await database.server_time()
    finally:
        await database.close()
    assert told is not None
    assert abs(told - time.time()) < 60


async def test_sqlite_has_no_clock_of_its_own(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    try:
        assert await database.server_time() is None
    finally:
        await database.close()
