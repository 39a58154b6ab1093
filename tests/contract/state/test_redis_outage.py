"""Redis out of reach: everything fails closed, nothing hangs, and service resumes by itself."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from app.dpop.ports import Outcome
from app.oauth.errors import TemporarilyUnavailable
from app.oauth.ports import StoredCode
from app.state.redis import RedisState, UnsuitableRedis
from tests import redis_servers
from tests.builders import NOW, FrozenClock
from tests.redis_servers import Server

from .builders import (
    a_code,
    a_decision,
    a_device_request,
    a_hash,
    a_session,
    a_spending,
    at_once,
)

STEP = int(NOW // 60)

OPERATIONS: dict[str, Callable[[RedisState], Awaitable[object]]] = {
    "codes.put": lambda state: state.codes.put("code", a_code()),
    "codes.find": lambda state: state.codes.find("code"),
    "codes.spend": lambda state: state.codes.spend("code"),
    "device_codes.put": lambda state: state.device_codes.put(
        "device", "user code", a_device_request()
    ),
    "device_codes.find": lambda state: state.device_codes.find("device"),
    "device_codes.named": lambda state: state.device_codes.named("user code"),
    "device_codes.poll": lambda state: state.device_codes.poll("device", NOW, 5),
    "device_codes.decide": lambda state: state.device_codes.decide("device", a_decision()),
    "device_codes.spend": lambda state: state.device_codes.spend("device"),
    "assertions.is_spent": lambda state: state.assertions.is_spent("client", "jti"),
    "assertions.spend": lambda state: state.assertions.spend("client", "jti", NOW + 60),
    "attempts.count": lambda state: state.attempts.count("bucket"),
    "attempts.forgive": lambda state: state.attempts.forgive("bucket"),
    "proofs.spend": lambda state: state.proofs.spend(a_spending()),
    "proofs.mark": lambda state: state.proofs.mark("jkt", "holder"),
    "proofs.nonce": lambda state: state.proofs.nonce(STEP),
    "proofs.known_nonce": lambda state: state.proofs.known_nonce(STEP),
    "sessions.put": lambda state: state.sessions.put("session", a_session()),
    "sessions.find": lambda state: state.sessions.find("session"),
    "sessions.delete": lambda state: state.sessions.delete("session"),
    "sessions.delete_all_of": lambda state: state.sessions.delete_all_of("user"),
    "ping": lambda state: state.ping(),
}
WRITES = (
    "codes.put",
    "device_codes.put",
    "assertions.spend",
    "attempts.count",
    "proofs.spend",
    "proofs.mark",
    "sessions.put",
)


@pytest.fixture
async def state(server: Server, clock: FrozenClock) -> AsyncIterator[RedisState]:
    state = await RedisState.connect(server.url, clock, timeout=0.2)
    yield state
    await state.close()


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
async def test_without_redis_every_operation_is_unavailable(
    state: RedisState, server: Server, operation: Callable[[RedisState], Awaitable[object]]
) -> None:
    server.kill()
    with pytest.raises(TemporarilyUnavailable):
        await operation(state)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
async def test_every_operation_works_again_once_redis_is_back(
    state: RedisState, server: Server, operation: Callable[[RedisState], Awaitable[object]]
) -> None:
    await operation(state)
    server.kill()
    server.start()
    await operation(state)
    assert server.ask("PING")


async def test_without_redis_there_is_no_start(clock: FrozenClock) -> None:
    url = f"redis://{redis_servers.HOST}:{redis_servers.free_port()}"
    with pytest.raises(TemporarilyUnavailable) as refusal:
        await RedisState.connect(url, clock, timeout=0.2)
    assert not isinstance(refusal.value, UnsuitableRedis)


async def test_a_redis_that_hangs_is_given_up_in_time(state: RedisState, server: Server) -> None:
    _signal(server, signal.SIGSTOP)
    try:
        started = time.monotonic()
        with pytest.raises(TemporarilyUnavailable):
            await state.proofs.spend(a_spending())
        assert time.monotonic() - started < 2
    finally:
        _signal(server, signal.SIGCONT)


async def test_waiting_for_a_place_in_the_queue_is_bounded_too(
    server: Server, clock: FrozenClock
) -> None:
    state = await RedisState.connect(server.url, clock, timeout=0.2, connections=1)
    _signal(server, signal.SIGSTOP)
    try:
        started = time.monotonic()
        results = await asyncio.gather(
            *(state.codes.find("code") for _ in range(20)), return_exceptions=True
        )
        assert time.monotonic() - started < 2
    finally:
        _signal(server, signal.SIGCONT)
        await state.close()
    assert {type(result) for result in results} == {TemporarilyUnavailable}


async def test_no_answer_that_came_too_late_is_taken_for_another(
    state: RedisState, server: Server
) -> None:
    codes = {a_hash(): a_code(user_id=str(number)) for number in range(10)}
    for key, code in codes.items():
        await state.codes.put(key, code)
    _signal(server, signal.SIGSTOP)
    try:
        await asyncio.gather(*(state.codes.find(key) for key in codes), return_exceptions=True)
    finally:
        _signal(server, signal.SIGCONT)
    found = await asyncio.gather(*(state.codes.find(key) for key in codes))
    assert found == [StoredCode(code, spent=False) for code in codes.values()]


async def test_an_operation_that_was_cancelled_leaves_no_answer_to_another(
    state: RedisState,
) -> None:
    codes = {a_hash(): a_code(user_id=str(number)) for number in range(50)}
    for key, code in codes.items():
        await state.codes.put(key, code)
    for _ in range(20):
        tasks = [asyncio.ensure_future(state.codes.find(key)) for key in codes]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    found = await asyncio.gather(*(state.codes.find(key) for key in codes))
    assert found == [StoredCode(code, spent=False) for code in codes.values()]


def _signal(server: Server, number: signal.Signals) -> None:
    assert server.process is not None
    server.process.send_signal(number)


async def test_connections_that_redis_closed_are_replaced_unnoticed(
    state: RedisState, server: Server
) -> None:
    await at_once(20, lambda: state.codes.find("code"))
    server.ask("CLIENT KILL", "TYPE", "normal")
    assert await at_once(20, lambda: state.attempts.count(a_hash())) == [0] * 20


async def test_scripts_that_redis_forgot_are_sent_again(state: RedisState, server: Server) -> None:
    await state.proofs.spend(a_spending())
    server.ask("SCRIPT FLUSH")
    assert await state.proofs.spend(a_spending()) is Outcome.FRESH


@pytest.mark.parametrize("name", WRITES)
async def test_a_full_redis_takes_nothing(state: RedisState, server: Server, name: str) -> None:
    server.ask("CONFIG SET", "maxmemory", 1)
    with pytest.raises(TemporarilyUnavailable):
        await OPERATIONS[name](state)


async def test_a_full_redis_forgets_nothing(state: RedisState, server: Server) -> None:
    spending = a_spending()
    await state.proofs.spend(spending)
    server.ask("CONFIG SET", "maxmemory", 1)
    with pytest.raises(TemporarilyUnavailable):
        await state.proofs.spend(a_spending())
    server.ask("CONFIG SET", "maxmemory", 0)
    assert await state.proofs.spend(spending) is Outcome.REPLAYED


@pytest.mark.parametrize("name", WRITES)
async def test_a_master_that_became_a_replica_takes_nothing(
    state: RedisState, server: Server, name: str
) -> None:
    server.ask("REPLICAOF", redis_servers.HOST, redis_servers.free_port())
    with pytest.raises(TemporarilyUnavailable):
        await OPERATIONS[name](state)


async def test_a_wrong_password_stops_the_start_and_is_not_repeated_to_anyone(
    server: Server, clock: FrozenClock
) -> None:
    server.ask("CONFIG SET", "requirepass", "right")
    with pytest.raises(UnsuitableRedis) as refusal:
        await RedisState.connect(f"redis://:wrong@{redis_servers.HOST}:{server.port}", clock)
    assert str(refusal.value).startswith("Redis refuses to serve: ")
    assert "wrong" not in str(refusal.value)


async def test_a_user_without_rights_stops_the_start(server: Server, clock: FrozenClock) -> None:
    server.ask("ACL SETUSER", "guest", "on", ">pass", "~*", "+get")
    url = f"redis://guest:pass@{redis_servers.HOST}:{server.port}"
    with pytest.raises(UnsuitableRedis):
        await RedisState.connect(url, clock)


async def test_the_rights_that_are_documented_are_enough(
    server: Server, clock: FrozenClock
) -> None:
    rights = (
        "~hf:* -@all +@connection +eval +evalsha +info +time +get +set +del +exists +hset +hdel"
        " +hsetnx +hget +hmget +incr +pexpire +pttl +zadd +zrange +zremrangebyscore"
    )
    server.ask("ACL SETUSER", "holdfast", "on", ">pass", *rights.split())
    url = f"redis://holdfast:pass@{redis_servers.HOST}:{server.port}"
    state = await RedisState.connect(url, clock)
    for operation in OPERATIONS.values():
        await operation(state)
    await state.close()
    assert state.proofs.born_at is not None


async def test_a_cluster_without_one_master_is_unavailable_and_resumes_by_itself(
    tmp_path: Path, clock: FrozenClock
) -> None:
    binary = redis_servers.valkey_binary()
    with redis_servers.cluster(binary, tmp_path / "cluster") as nodes:
        state = await RedisState.connect(redis_servers.cluster_url(nodes), clock, timeout=0.2)
        nodes[0].kill()
        spendings = [a_spending(jkt=str(number)) for number in range(30)]
        during = await asyncio.gather(
            *(state.proofs.spend(one) for one in spendings), return_exceptions=True
        )
        nodes[0].start()
        redis_servers.wait_until(
            lambda: all(redis_servers.cluster_is_whole(node, 3) for node in nodes), "The return"
        )
        after = [await state.proofs.spend(a_spending(jkt=one.jkt)) for one in spendings]
        await state.close()
    kinds = {result if isinstance(result, Outcome) else type(result) for result in during}
    assert TemporarilyUnavailable in kinds
    assert kinds <= {TemporarilyUnavailable, Outcome.FRESH}
    assert set(after) == {Outcome.FRESH}
