"""Management over a real SQLite database, migrated once and copied for each test."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from app.accounts.passwords import Passwords
from app.management.client_rules import Policy
from app.management.clients import ClientManagement
from app.management.keys import KeyManagement
from app.management.resources import ResourceManagement
from app.management.users import UserManagement
from app.storage import migrate
from app.storage.database import SqlDatabase, open_database
from app.telemetry.audit import AuditEvent
from app.tokens.lifecycle import KeyLifecycle
from app.tokens.ports import SealedKeys
from app.tokens.sealing import Sealer
from tests.builders import FrozenClock

ACTOR = "tester"
SECRET = b"s" * 32
JWKS_MAX_AGE = 300


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("management") / "empty.db"
    asyncio.run(migrate.upgrade(f"sqlite:///{path}"))
    return path


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
async def database(migrated: Path, tmp_path: Path) -> AsyncIterator[SqlDatabase]:
    path = shutil.copy(migrated, tmp_path / "holdfast.db")
    opened = open_database(f"sqlite:///{path}")
    yield opened
    await opened.close()


@pytest.fixture
def clients(database: SqlDatabase, clock: FrozenClock) -> ClientManagement:
    return ClientManagement(database, clock, Policy(), actor=ACTOR)


@pytest.fixture
def resources(database: SqlDatabase, clock: FrozenClock) -> ResourceManagement:
    return ResourceManagement(database, clock, actor=ACTOR)


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    # The cheapest cost that Argon2 takes: what it costs in service is not what is tested here.
    made = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    yield made
    made.close()


@pytest.fixture
def users(database: SqlDatabase, passwords: Passwords, clock: FrozenClock) -> UserManagement:
    return UserManagement(database, passwords, clock, actor=ACTOR)


@pytest.fixture
def keys(database: SqlDatabase, clock: FrozenClock) -> KeyManagement:
    return key_management(database, clock, Sealer(SECRET))


def key_management(database: SqlDatabase, clock: FrozenClock, sealer: Sealer) -> KeyManagement:
    def lifecycle(stored: SealedKeys) -> KeyLifecycle:
        return KeyLifecycle(stored, sealer, clock, jwks_max_age=JWKS_MAX_AGE)

    return KeyManagement(database, lifecycle, clock, actor=ACTOR)


async def audit(database: SqlDatabase) -> list[AuditEvent]:
    """Return the audit events, the oldest first."""
    async with database.read() as work:
        return list(reversed(await work.audit.newest(1000)))
