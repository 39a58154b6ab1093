"""Which statements a database runs for what is asked of a server."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from app.storage.database import SqlDatabase

# What a server looks at by itself, several times a second.
_BACKGROUND = ("FROM registry", "FROM signing_keys")


@contextmanager
def statements(database: SqlDatabase) -> Iterator[list[str]]:
    """Collect the statements that run meanwhile, but for those of the background."""
    seen: list[str] = []

    def note(*heard: object) -> None:
        if not any(each in str(heard[2]) for each in _BACKGROUND):
            seen.append(str(heard[2]))

    engine = database._engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)
