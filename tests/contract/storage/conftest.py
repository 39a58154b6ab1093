"""One server for the session, one migrated database for each test."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.storage import migrate
from app.storage.database import SqlDatabase, open_database
from tests.servers import Postgres, ServerMissing, missing, run_postgres

DATABASES = ("sqlite", "postgresql")
TEMPLATE = "migrated"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    try:
        with run_postgres() as server:
            asyncio.run(migrate.upgrade(server.create_database(TEMPLATE)))
            yield server
    except ServerMissing as error:
        missing(error)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    asyncio.run(migrate.upgrade(f"sqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    shutil.copy(sqlite_template, tmp_path / "holdfast.db")
    return f"sqlite:///{tmp_path / 'holdfast.db'}"


@pytest.fixture
def postgresql_url(postgres: Postgres) -> Iterator[str]:
    name = "test_" + secrets.token_hex(6)
    yield postgres.create_database(name, TEMPLATE)
    postgres.drop_database(name)


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated database of this test's own."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(params=DATABASES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'data' / 'empty.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = "test_" + secrets.token_hex(6)
    yield server.create_database(name)
    server.drop_database(name)


@pytest.fixture
async def database(url: str) -> AsyncIterator[SqlDatabase]:
    opened = open_database(url)
    yield opened
    await opened.close()
