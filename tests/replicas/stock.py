"""What is in the database that replicas share."""

from app.storage import migrate
from app.storage.database import open_database
from tests.harness import API, CLIENTS, FILES, USER
from tests.person import ADA


async def stock(url: str) -> None:
    """Make the tables, and add clients, resource servers and people."""
    await migrate.upgrade(url)
    database = open_database(url)
    async with database.begin() as unit:
        for client in CLIENTS:
            await unit.clients.add(client)
        for resource in (API, FILES):
            await unit.resources.add(resource)
        for user in (USER, ADA):
            await unit.users.add(user)
        await unit.commit()
    await database.close()
