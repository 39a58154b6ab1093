"""What the server and the command line open alike: the secret, the database, the signing keys."""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .clock import Clock
from .settings import Settings
from .storage.database import SqlDatabase, open_database
from .tokens.keyring import Keyring
from .tokens.lifecycle import KeyLifecycle
from .tokens.sealing import Sealer

# How long others may cache the key set and the metadata document, and how often each replica
# reads the signing keys anew. Seconds.
JWKS_MAX_AGE = 300
KEY_POLL = 0.5

SECRET_FILE = "secret"


@dataclass(frozen=True, slots=True)
class DeploymentSecret:
    """The secret that keys at rest and refresh successors derive from, and the one before it."""

    current: bytes
    previous: bytes | None


@dataclass(frozen=True, slots=True)
class Parts:
    """The opened parts. ``keyring`` is empty until its first refresh."""

    secret: DeploymentSecret
    database: SqlDatabase
    keyring: Keyring
    keys: KeyLifecycle


def deployment_secret(settings: Settings) -> DeploymentSecret:
    """Return the secret that is set, or the one generated in the data directory, mode 0600."""
    previous = settings.secret_key_previous
    return DeploymentSecret(
        current=settings.secret_key.get_secret_value().encode()
        if settings.secret_key is not None
        else _generated(settings.data_dir / SECRET_FILE),
        previous=previous.get_secret_value().encode() if previous is not None else None,
    )


@asynccontextmanager
async def open_parts(settings: Settings, clock: Clock) -> AsyncIterator[Parts]:
    """Open the database and the keys, and close them at the end. Migrates nothing."""
    secret = deployment_secret(settings)
    sealer = Sealer(secret.current, secret.previous)
    database = open_database(settings.sql_url)
    try:
        yield Parts(
            secret=secret,
            database=database,
            keyring=Keyring(
                database.keys, sealer, clock, longest_token_lifetime=settings.longest_token_lifetime
            ),
            keys=KeyLifecycle(
                database.keys, sealer, clock, jwks_max_age=JWKS_MAX_AGE, poll_interval=KEY_POLL
            ),
        )
    finally:
        await database.close()


def _generated(path: Path) -> bytes:
    if not path.exists():
        _generate(path)
    return path.read_bytes().strip()


def _generate(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Not named by the process: in a container every process has the number of the one that died.
    written = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(written, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        os.write(handle, secrets.token_urlsafe(48).encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    # A link fails where the file is already there: of two first starts, one secret wins.
    with suppress(FileExistsError):
        os.link(written, path)
    written.unlink()
