"""Accounts over real stores: SQLite and memory, with a cheap password hash."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from app.accounts.passwords import Passwords
from app.accounts.sessions import BrowserSessions
from app.accounts.sign_in import SignIn
from app.state.memory import MemoryState
from app.storage import migrate
from app.storage.database import SqlDatabase, open_database
from app.storage.users import User
from app.telemetry.audit import AuditEvent
from tests.builders import FrozenClock

PASSWORD = "correct horse battery staple"
LIFETIME = 3600
ATTEMPTS = 3


@dataclass
class AuditLog:
    """Keeps what was recorded."""

    events: list[AuditEvent] = field(default_factory=list)

    def record(self, event: AuditEvent) -> None:
        self.events.append(event)


@dataclass
class Accounts:
    clock: FrozenClock
    database: SqlDatabase
    state: MemoryState
    passwords: Passwords
    sessions: BrowserSessions
    audit: AuditLog
    sign_in: SignIn

    async def add(self, user: User) -> None:
        async with self.database.begin() as work:
            await work.users.add(user)
            await work.commit()


@pytest.fixture
def hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
async def accounts(tmp_path: Path, hasher: PasswordHasher) -> AsyncIterator[Accounts]:
    clock = FrozenClock()
    url = f"sqlite:///{tmp_path / 'holdfast.db'}"
    await migrate.upgrade(url)
    database = open_database(url)
    state = MemoryState(clock, born_at=None, attempt_limit=ATTEMPTS)
    passwords = Passwords(hasher)
    sessions = BrowserSessions(state.sessions, database, clock, lifetime=LIFETIME)
    audit = AuditLog()
    sign_in = SignIn(
        database=database,
        passwords=passwords,
        sessions=sessions,
        attempts=state.attempts,
        audit=audit,
        clock=clock,
    )
    made = Accounts(clock, database, state, passwords, sessions, audit, sign_in)
    await made.add(await a_user(passwords))
    yield made
    passwords.close()
    await database.close()


async def a_user(passwords: Passwords, user_id: str = "ada", *, disabled: bool = False) -> User:
    return User(
        user_id=user_id,
        email=f"{user_id}@people.example",
        display_name=user_id.title(),
        password_hash=await passwords.hash(PASSWORD),
        disabled=disabled,
    )
