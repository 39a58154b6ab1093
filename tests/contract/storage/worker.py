"""A process of its own that races others to the same database: `python -m … URL ACTION ARGUMENT`.

It says "ready", waits for a line, does the action ten times at once, and prints the results.
"""

import asyncio
import json
import secrets
import sys
from collections.abc import Awaitable, Callable

from app.storage import migrate
from app.storage.database import SqlDatabase, open_database
from tests.builders import NOW

from .values import a_family, a_user

TASKS = 10

Action = Callable[[SqlDatabase, str], Awaitable[object]]


async def rotate(database: SqlDatabase, token_hash: str) -> bool:
    async with database.begin() as work:
        won = await work.refresh_tokens.rotate(token_hash, "successor", NOW)
        await work.commit()
    return won


async def add_family(database: SqlDatabase, code: str) -> str | None:
    async with database.begin() as work:
        status = await work.families.add(a_family(code))
        await work.commit()
    return status


async def condemn(database: SqlDatabase, code: str) -> bool:
    async with database.begin() as work:
        changed = await work.families.condemn(a_family(code))
        await work.commit()
    return changed


async def add_user(database: SqlDatabase, email: str) -> bool:
    async with database.begin() as work:
        added = await work.users.add(a_user(user_id=f"usr_{secrets.token_hex(8)}", email=email))
        await work.commit()
    return added


async def activate(database: SqlDatabase, kid: str) -> bool:
    return await database.keys.activate(kid, NOW)


ACTIONS: dict[str, Action] = {
    action.__name__: action for action in (rotate, add_family, condemn, add_user, activate)
}


async def upgrade(url: str) -> list[object]:
    await go()
    await migrate.upgrade(url)
    return ["upgraded"]


async def race(url: str, name: str, argument: str) -> list[object]:
    if name == "upgrade":
        return await upgrade(url)
    database = open_database(url)
    try:
        await database.ping()
        await go()
        action = ACTIONS[name]
        return list(await asyncio.gather(*(action(database, argument) for _ in range(TASKS))))
    finally:
        await database.close()


async def go() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    results = asyncio.run(race(*sys.argv[1:4]))
    sys.stdout.write(json.dumps(results) + "\n")
