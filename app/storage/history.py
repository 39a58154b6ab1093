"""Alembic's commands on a connection. Imported only where tables change: it takes its time."""

import io

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from .schema import migrations_folder


def upgrade(connection: Connection, revision: str) -> None:
    """Run the migrations up to a revision."""
    command.upgrade(_config(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Run the migrations back to a revision."""
    command.downgrade(_config(connection), revision)


def differences(connection: Connection) -> str | None:
    """Compare the tables with the models; return in what they differ, or None."""
    try:
        command.check(_config(connection))
    except CommandError as error:
        return str(error)
    return None


def script() -> ScriptDirectory:
    """Return the migrations as Alembic sees them."""
    return ScriptDirectory.from_config(_config())


def _config(connection: Connection | None = None) -> Config:
    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
