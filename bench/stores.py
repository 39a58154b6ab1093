"""PostgreSQL and Valkey for a measurement, from the wheels that the tests use."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import redis_servers
from tests.redis_servers import Server as Redis
from tests.servers import Postgres, run_postgres


@dataclass(frozen=True)
class Stores:
    """Both servers, an empty database, and a directory for whatever else there is."""

    postgres: Postgres
    redis: Redis
    directory: Path
    database_url: str


@contextmanager
def stores() -> Iterator[Stores]:
    """Run both until the block ends."""
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as name, run_postgres() as postgres:
        directory = Path(name)
        with redis_servers.single(redis_servers.valkey_binary(), directory / "redis") as redis:
            yield Stores(postgres, redis, directory, postgres.create_database("bench"))
