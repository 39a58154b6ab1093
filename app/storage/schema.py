"""Which tables there are and which are expected. Without Alembic: most starts change none."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table
from sqlalchemy.ext.asyncio import AsyncEngine

from .engine import reading
from .errors import named_failures

_VERSIONS = table("alembic_version", column("version_num"))


@dataclass(frozen=True, slots=True)
class SchemaState:
    """The revision of the tables, None where there are none, and those this program knows."""

    current: str | None
    known: tuple[str, ...]

    @property
    def expected(self) -> str:
        return self.known[-1]

    @property
    def is_current(self) -> bool:
        return self.current == self.expected

    @property
    def is_newer(self) -> bool:
        """Whether a newer program has migrated the database, as during a rolling upgrade."""
        return self.current is not None and self.current not in self.known

    @property
    def is_behind(self) -> bool:
        """Whether `holdfast db upgrade` must run before this program can serve."""
        return not self.is_current and not self.is_newer


async def schema_state(engine: AsyncEngine) -> SchemaState:
    """Read the revision of the tables. Raises TemporarilyUnavailable."""
    with named_failures():
        async with reading(engine).connect() as connection:
            return SchemaState(await connection.run_sync(_current), known_revisions())


def migrations_folder() -> Path:
    """Return where the migrations lie, in a checkout as in an installed wheel."""
    package = Path(__file__).parents[1]
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


@cache
def known_revisions() -> tuple[str, ...]:
    """Return every revision, the oldest first: files are named by number, ``0001_what.py``."""
    files = (migrations_folder() / "versions").glob("[0-9]*_*.py")
    return tuple(sorted(file.name.partition("_")[0] for file in files))


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSIONS.name):
        return None
    return connection.execute(select(_VERSIONS.c.version_num)).scalar()
