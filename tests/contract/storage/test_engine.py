"""What a connection is told before its first statement, and where a SQLite file may lie."""

import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from app.storage import migrate
from app.storage.database import open_database
from app.storage.engine import Limits, WrongUrl, make_engine, sqlite_path
from tests.builders import NOW

from .values import a_client


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mysql://host/name",
        "holdfast.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory&uri=true",
        "postgres://user:hunter2@host/name",
        "postgresql+psycopg://user:hunter2@host/name",
    ],
)
def test_a_url_of_no_usable_database_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(WrongUrl) as refusal:
        open_database(url)
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:////var/lib/holdfast.db", "/var/lib/holdfast.db"),
        ("sqlite+aiosqlite:////var/lib/holdfast.db", "/var/lib/holdfast.db"),
        ("sqlite:///data/a%20b.db", str(Path.cwd() / "data/a b.db")),
        ("postgresql://host/name", None),
        ("postgresql+asyncpg://host/name", None),
    ],
)
def test_a_sqlite_url_names_a_file(url: str, path: str | None) -> None:
    assert sqlite_path(url) == (path and Path(path))


async def test_the_file_and_its_directory_are_private(tmp_path: Path) -> None:
    path = tmp_path / "data" / "holdfast.db"
    await migrate.upgrade(f"sqlite:///{path}")
    database = open_database(f"sqlite:///{path}")
    async with database.begin() as work:
        await work.clients.add(a_client())
        await work.commit()
    assert mode(path.parent) == 0o700
    modes = {each.name: mode(each) for each in path.parent.iterdir()}
    assert set(modes) >= {"holdfast.db", "holdfast.db-wal", "holdfast.db-shm"}
    assert set(modes.values()) == {0o600}
    await database.close()


def test_a_directory_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    open_database(f"sqlite:///{tmp_path / 'holdfast.db'}")
    assert mode(tmp_path / "holdfast.db") == 0o600
    assert mode(tmp_path) == 0o750


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 5000)],
)
async def test_sqlite_is_told(sqlite_url: str, pragma: str, value: object) -> None:
    engine = make_engine(sqlite_url, Limits())
    async with engine.connect() as connection:
        assert (await connection.execute(text(f"PRAGMA {pragma}"))).scalar() == value
    await engine.dispose()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TimeZone", "UTC"),
        ("statement_timeout", "1500ms"),
        ("idle_in_transaction_session_timeout", "4500ms"),
        ("transaction_isolation", "read committed"),
        ("application_name", "holdfast"),
    ],
)
async def test_postgresql_is_told(postgresql_url: str, name: str, value: str) -> None:
    engine = make_engine(postgresql_url, Limits(statement_timeout=1.5))
    async with engine.connect() as connection:
        assert (await connection.execute(text(f"SHOW {name}"))).scalar() == value
    await engine.dispose()


async def test_postgresql_stores_instants_not_wall_clocks(postgresql_url: str) -> None:
    database = open_database(postgresql_url)
    async with database.begin() as work:
        await work.clients.add(a_client(created_at=NOW))
        await work.commit()
    async with database._engine.connect() as connection:
        stored = text("SELECT extract(epoch FROM created_at)::float FROM clients")
        assert (await connection.execute(stored)).scalar() == NOW
    await database.close()


def test_a_password_does_not_show_in_the_engine() -> None:
    engine = make_engine("postgresql://user:hunter2@host/name", Limits())
    assert "hunter2" not in repr(engine) + str(engine.url)
