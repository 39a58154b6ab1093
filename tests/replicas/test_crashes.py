"""`kill -9` in the middle of load: nothing that was answered is lost, nothing is taken twice.

The replicas live through all of it: nobody starts them again.
"""

import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.credentials import digest
from app.state.keys import RedisKeys
from app.storage.engine import dsn
from tests.builders import DpopKey
from tests.redis_servers import Server as Redis
from tests.servers import Postgres

from .calling import Balancer, Caller, calling
from .load import Load, Record
from .processes import Deployment, Replica, kill_postgres, start_postgres, until


@pytest.fixture(scope="module")
def replicas(shared: Deployment, redis: Redis) -> list[Replica]:
    """Return one replica of two workers, and one of one process."""
    # Born long ago: proofs need no nonce.
    run_id = redis.info("server")["run_id"]
    redis.ask("SET", RedisKeys("hf", ("0",)).epoch("0"), f"{run_id}:{time.time() - 3600}")
    return [*shared.start(1, workers=2, log_level="info"), *shared.start(1)]


@pytest.fixture
async def caller(shared: Deployment, replicas: list[Replica]) -> AsyncIterator[Caller]:
    async with calling(shared, Balancer([each.port for each in replicas])) as made:
        yield made


@pytest.fixture
def load(caller: Caller) -> Load:
    return Load(caller)


async def test_a_killed_worker_loses_no_token_and_is_replaced(
    load: Load, replicas: list[Replica], shared: Deployment
) -> None:
    def started() -> list[int]:
        return [int(each["pid"]) for each in replicas[0].told("worker.started")]

    async with load.running():
        await load.some()
        before = started()
        os.kill(before[-1], signal.SIGKILL)
        await until(lambda: len(started()) > len(before), "a new worker")
        await load.some()
    assert {status for status, _ in load.record.kinds} <= {200, 400}
    assert load.record.lost == []
    check_once(load.record)
    await check_nothing_answered_is_missing(load.record, shared.database_url)
    assert [each["code"] for each in replicas[0].told("worker.ended")] == [-signal.SIGKILL]


async def test_a_database_that_comes_back_has_every_token_that_was_answered(
    load: Load, shared: Deployment, postgres: Postgres
) -> None:
    async with load.running():
        await load.some()
        await kill_postgres(postgres)
        await load.unavailable()
        await start_postgres(postgres)
        await load.some()
    check_outage(load.record)
    check_once(load.record)
    await check_nothing_answered_is_missing(load.record, shared.database_url)


async def test_a_redis_that_comes_back_empty_lets_nothing_in_twice(
    load: Load, caller: Caller, replicas: list[Replica], shared: Deployment, redis: Redis
) -> None:
    async with load.running():
        await load.some()
        redis.kill()
        captured, codes = list(load.record.accepted), list(load.record.redeemed)
        await load.unavailable()
        redis.start()
        await load.some()
    check_outage(load.record)
    check_once(load.record)
    await check_nothing_answered_is_missing(load.record, shared.database_url)
    # Redis forgot what it had seen, but nobody takes it again: not the requests as they were,
    replayed = [await caller.send(each) for each in captured]
    assert {each.status_code for each in replayed} == {400}
    assert {each.json()["dpop"]["check"] for each in replayed} <= {"nonce", "replay"}
    # and not the codes, which come with fresh proofs of a thief who saw the whole request.
    for replica in replicas:
        await caller.learn_nonce(replica)
    thief = DpopKey()
    stolen = [await caller.send(caller.redemption(each, thief)) for each in codes]
    assert {each.json()["error"] for each in stolen} == {"invalid_grant"}


def check_outage(record: Record) -> None:
    """Assert what clients may see while a store is gone: 503, and never a session lost."""
    assert record.broken == []
    assert record.lost == []
    assert {status for status, _ in record.kinds} == {200, 400, 503}
    for answer in record.answers:
        if answer.status_code == 503:
            assert answer.json()["error"] == "temporarily_unavailable"
            assert int(answer.headers["retry-after"]) >= 1
            assert "access_token" not in answer.json()


def check_once(record: Record) -> None:
    assert record.successes > 0
    assert max(record.redeemed.values()) == 1
    assert max(Counter(each.proof for each in record.accepted).values()) == 1


async def check_nothing_answered_is_missing(record: Record, url: str) -> None:
    """Assert that every refresh token that was answered, and every family, is in the database."""
    connection = await asyncpg.connect(dsn(url))
    try:
        tokens = await connection.fetch("SELECT token_hash FROM refresh_tokens")
        families = await connection.fetch("SELECT code_hash FROM token_families WHERE born")
    finally:
        await connection.close()
    answered = {digest(token) for token in record.refresh_tokens}
    assert answered <= {row["token_hash"] for row in tokens}
    redeemed = {digest(code) for code in record.redeemed}
    assert redeemed <= {row["code_hash"] for row in families}
