"""One history of the tables, up and down, on every database."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from app.storage import history, migrate
from app.storage.database import open_database
from app.storage.engine import Limits, make_engine, sqlite_path
from app.storage.migrate import SchemaMismatch
from app.storage.models import Base
from app.storage.schema import SchemaState, known_revisions, migrations_folder

from .processes import ROOT, race
from .values import a_client


async def tables(url: str) -> set[str]:
    engine = make_engine(url, Limits())
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    await engine.dispose()
    return set(names)


async def state(url: str) -> SchemaState:
    database = open_database(url)
    try:
        return await database.schema_state()
    finally:
        await database.close()


async def run(url: str, statement: str) -> None:
    engine = make_engine(url, Limits())
    async with engine.begin() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


async def test_upgrading_makes_every_table_of_the_models(empty_url: str) -> None:
    await migrate.upgrade(empty_url)
    assert await tables(empty_url) == {*Base.metadata.tables, "alembic_version"}


async def test_the_tables_are_those_of_the_models_column_by_column(url: str) -> None:
    await migrate.check(url)
    assert (await state(url)).is_current


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE clients ADD COLUMN stray VARCHAR",
        "ALTER TABLE clients DROP COLUMN dpop_nonce",
        "DROP INDEX ix_token_families_family_id",
    ],
)
async def test_tables_that_differ_from_the_models_are_told(url: str, statement: str) -> None:
    await run(url, statement)
    with pytest.raises(SchemaMismatch, match="New upgrade operations detected"):
        await migrate.check(url)


async def test_tables_of_an_older_program_are_told(empty_url: str) -> None:
    with pytest.raises(SchemaMismatch, match="not up to date"):
        await migrate.check(empty_url)


async def test_downgrading_to_the_start_leaves_nothing_and_upgrading_works_again(url: str) -> None:
    await migrate.downgrade(url, "base")
    assert await tables(url) == {"alembic_version"}
    await migrate.upgrade(url)
    await migrate.check(url)
    assert await tables(url) == {*Base.metadata.tables, "alembic_version"}


async def test_upgrading_again_keeps_what_is_there(url: str) -> None:
    database = open_database(url)
    async with database.begin() as work:
        await work.clients.add(a_client())
        await work.commit()
    await migrate.upgrade(url)
    assert await database.clients.find("spa") == a_client()
    await database.close()


async def test_the_state_tells_tables_that_are_missing(empty_url: str) -> None:
    found = await state(empty_url)
    assert found.current is None
    assert (found.is_current, found.is_behind, found.is_newer) == (False, True, False)


async def test_the_state_tells_tables_that_are_current(url: str) -> None:
    found = await state(url)
    assert found.current == found.expected
    assert (found.is_current, found.is_behind, found.is_newer) == (True, False, False)


async def test_the_state_tells_tables_of_a_newer_program(url: str) -> None:
    await run(url, "UPDATE alembic_version SET version_num = '9999'")
    found = await state(url)
    assert (found.is_current, found.is_behind, found.is_newer) == (False, False, True)
    with pytest.raises(SchemaMismatch, match="newer version of Holdfast"):
        await migrate.upgrade(url)


async def test_a_migration_that_fails_leaves_nothing(empty_url: str) -> None:
    await run_if_made(empty_url, "CREATE TABLE users (x INTEGER)")
    with pytest.raises(Exception, match="users"):
        await migrate.upgrade(empty_url)
    assert await tables(empty_url) == {"users"}


async def run_if_made(url: str, statement: str) -> None:
    if path := sqlite_path(url):
        path.parent.mkdir()
    await run(url, statement)


async def test_replicas_that_migrate_at_once_take_turns(empty_url: str) -> None:
    await asyncio.gather(*(migrate.upgrade(empty_url) for _ in range(3)))
    await migrate.check(empty_url)
    assert (await state(empty_url)).is_current


async def test_processes_that_migrate_at_once_take_turns(empty_url: str) -> None:
    results = await race(empty_url, *[("upgrade", "")] * 3)
    assert results == ["upgraded"] * 3
    await migrate.check(empty_url)


def test_alembics_own_command_uses_the_settings(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_DATABASE_URL", empty_url)
    monkeypatch.setenv("HOLDFAST_SECRET_KEY", "x" * 32)
    for arguments in (("upgrade", "head"), ("check",), ("downgrade", "base")):
        done = alembic(*arguments)
        assert done.returncode == 0, done.stderr
    assert asyncio.run(tables(empty_url)) == {"alembic_version"}


@pytest.mark.parametrize("address", ["sqlite:///x.db", "postgresql://nobody@127.0.0.1:1/none"])
def test_alembic_prints_the_statements_without_a_database(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_DATABASE_URL", address)
    monkeypatch.setenv("HOLDFAST_SECRET_KEY", "x" * 32)
    done = alembic("upgrade", "head", "--sql")
    assert done.returncode == 0, done.stderr
    assert "CREATE TABLE token_families" in done.stdout
    assert not (ROOT / "x.db").exists()


def alembic(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "alembic", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_migrations_are_found_from_any_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert (migrations_folder() / "env.py").is_file()


def test_the_numbers_of_the_files_are_the_history_that_alembic_reads() -> None:
    walked = [each.revision for each in history.script().walk_revisions()]
    assert known_revisions() == tuple(reversed(walked))
