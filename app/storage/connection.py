"""The one way to the driver: every statement runs here, and its failures get their names here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import CursorResult, Executable, Row
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.ext.asyncio import AsyncConnection

from .errors import named_failures
from .models import Base

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Upsert:
    """INSERT … ON CONFLICT: the same words in both dialects, of which SQLAlchemy makes two."""

    sqlite: Executable
    postgresql: Executable

    @classmethod
    def into(cls, row: type[Base], rest: Callable[[Insert], Executable]) -> "Upsert":
        """Build both; ``rest`` adds the ON CONFLICT clause."""
        return cls(
            sqlite=rest(cast("Insert", sqlite.insert(row))),
            postgresql=rest(postgresql.insert(row)),
        )


class Connection:
    """A connection inside a unit of work. After ``close`` it takes no more statements."""

    def __init__(self, driver: AsyncConnection, *, writes: bool) -> None:
        self._driver = driver
        self._writes = writes
        self._open = True
        # Whether something registered was changed: the unit of work then raises the version.
        self.registered = False

    async def first(
        self, statement: Executable | Upsert, parameters: Parameters | None = None
    ) -> Row[Any] | None:
        """Run, and return the first row if there is one."""
        return (await self._run(statement, parameters)).first()

    async def all(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> Sequence[Row[Any]]:
        """Run, and return every row."""
        return (await self._run(statement, parameters)).all()

    async def count(
        self, statement: Executable | Upsert, parameters: Parameters | None = None
    ) -> int:
        """Run, and return how many rows were inserted, updated or deleted."""
        return (await self._run(statement, parameters)).rowcount

    async def commit(self) -> None:
        """Commit and close."""
        if not self._open or not self._writes:
            raise RuntimeError("a unit of work commits once, and one that reads never")
        self._open = False
        with named_failures():
            await self._driver.commit()

    async def _run(
        self, statement: Executable | Upsert, parameters: Parameters | None
    ) -> CursorResult[Any]:
        if isinstance(statement, Upsert):
            statement = cast("Executable", getattr(statement, self._driver.dialect.name))
        if not self._open:
            raise RuntimeError("this unit of work has been committed")
        if not self._writes and not statement.is_select:
            raise RuntimeError("this unit of work only reads")
        with named_failures():
            return await self._driver.execute(statement, parameters)
