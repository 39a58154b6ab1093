"""Opens what commands work on: the database, the keys and the management services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..accounts.passwords import Passwords
from ..clock import Clock, SystemClock
from ..management.client_rules import Policy
from ..management.clients import ClientManagement
from ..management.details_types import DetailsTypeManagement
from ..management.keys import KeyManagement
from ..management.registration_tokens import RegistrationTokenManagement
from ..management.resources import ResourceManagement
from ..management.users import UserManagement
from ..parts import JWKS_MAX_AGE, KEY_POLL, Parts, open_parts
from ..settings import LOOPBACK_HOSTS, Settings
from ..storage import migrate
from ..storage.database import SqlDatabase
from ..storage.engine import sqlite_path
from ..tokens.lifecycle import KeyLifecycle
from ..tokens.ports import SealedKeys
from ..tokens.sealing import Sealer
from .output import Failure

ACTOR = "cli"


@dataclass(frozen=True, slots=True)
class Management:
    """What an administrator can do."""

    clients: ClientManagement
    users: UserManagement
    resources: ResourceManagement
    details_types: DetailsTypeManagement
    keys: KeyManagement
    registration_tokens: RegistrationTokenManagement


@asynccontextmanager
async def open_management(
    settings: Settings, clock: Clock | None = None
) -> AsyncIterator[Management]:
    """Open the database, migrated if it is SQLite, and close it at the end.

    Raises Failure when a PostgreSQL database is not migrated.
    """
    clock = clock or SystemClock()
    async with open_parts(settings, clock) as parts:
        await _ready_schema(settings, parts.database)
        passwords = Passwords()
        try:
            yield _management(settings, parts, passwords, clock)
        finally:
            passwords.close()


async def _ready_schema(settings: Settings, database: SqlDatabase) -> None:
    url = settings.sql_url
    if sqlite_path(url) is not None:
        await migrate.upgrade(url)
    elif (await database.schema_state()).is_behind:
        raise Failure("the database is not migrated; run `holdfast db upgrade` first")


def _management(settings: Settings, parts: Parts, passwords: Passwords, clock: Clock) -> Management:
    policy = Policy(
        allow_bearer=settings.allow_bearer,
        on_loopback=urlsplit(settings.issuer).hostname in LOOPBACK_HOSTS,
        profile=settings.rules,
    )
    sealer = Sealer(parts.secret.current, parts.secret.previous)
    database = parts.database

    def lifecycle(keys: SealedKeys) -> KeyLifecycle:
        return KeyLifecycle(keys, sealer, clock, jwks_max_age=JWKS_MAX_AGE, poll_interval=KEY_POLL)

    return Management(
        clients=ClientManagement(database, clock, policy, actor=ACTOR),
        users=UserManagement(database, passwords, clock, actor=ACTOR),
        resources=ResourceManagement(database, clock, actor=ACTOR),
        details_types=DetailsTypeManagement(database, clock, actor=ACTOR),
        keys=KeyManagement(database, lifecycle, clock, actor=ACTOR),
        registration_tokens=RegistrationTokenManagement(database, clock, actor=ACTOR),
    )
