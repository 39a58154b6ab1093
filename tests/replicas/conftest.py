"""The stores that replicas share: PostgreSQL for the session, a Redis for each deployment."""

import asyncio
import secrets
from collections.abc import Iterator

import pytest

from tests import redis_servers
from tests.servers import Postgres, ServerMissing, missing, run_postgres

from .processes import Deployment, deployment
from .stock import stock

TEMPLATE = "stocked"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Return a server of this directory's own, which may be killed, with a database to copy."""
    try:
        with run_postgres() as server:
            asyncio.run(stock(server.create_database(TEMPLATE)))
            yield server
    except ServerMissing as error:
        missing(error)


@pytest.fixture(scope="module")
def database_url(postgres: Postgres) -> Iterator[str]:
    name = "replicas_" + secrets.token_hex(6)
    yield postgres.create_database(name, TEMPLATE)
    postgres.drop_database(name)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis_servers.Server]:
    directory = tmp_path_factory.mktemp("redis")
    with redis_servers.single(redis_servers.valkey_binary(), directory) as server:
        yield server


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, database_url: str, redis: redis_servers.Server
) -> Iterator[Deployment]:
    """Return a deployment without replicas yet, which the module's tests share."""
    with deployment(tmp_path_factory.mktemp("deployment"), database_url, redis) as made:
        yield made
