"""Alembic's environment: the tables of app.storage.models, on the connection that is given.

Called from app.storage.migrate with a connection; from Alembic's own command line the database is
the one of the settings.
"""

import asyncio
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, make_url
from sqlalchemy.types import TypeDecorator

from app.settings import load_settings
from app.storage.migrate import migrating
from app.storage.models import Base
from app.storage.schema import known_revisions


def render_plainly(kind: str, item: Any, _context: Any) -> str | Literal[False]:  # noqa: ANN401  # Alembic's
    """Write our column types into new migrations as what they are in the database."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False


def number(_context: Any, _revision: Any, directives: list[Any]) -> None:  # noqa: ANN401  # Alembic's
    """Name a new migration by the next number: the files sort as they follow each other."""
    directives[0].rev_id = f"{len(known_revisions()) + 1:04}"


def run(connection: Connection) -> None:
    """Run the command on a connection."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        render_item=render_plainly,
        process_revision_directives=number,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_on_own_connection() -> None:
    """Connect as the settings say, taking turns with every other process that migrates."""
    async with migrating(load_settings().sql_url) as connection:
        await connection.run_sync(run)


def print_statements() -> None:
    """Print the SQL of a migration, for `alembic upgrade --sql`."""
    dialect = make_url(load_settings().sql_url).get_backend_name()
    context.configure(dialect_name=dialect, target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    print_statements()
elif (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    asyncio.run(run_on_own_connection())
