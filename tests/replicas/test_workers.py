"""`serve --workers N`: one port, several processes, and a supervisor that looks after them."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.answers import challenged, issued
from tests.builders import DpopKey
from tests.redis_servers import free_port

from .calling import Caller, calling, statuses
from .processes import HOST, Deployment, Replica, until

WORKERS = 2
REQUESTS = 24


@pytest.fixture(scope="module")
def replica(shared: Deployment) -> Replica:
    (started,) = shared.start(1, workers=WORKERS, log_level="info")
    return started


@pytest.fixture
async def caller(shared: Deployment, replica: Replica) -> AsyncIterator[Caller]:
    # A connection for each request: all workers get some.
    transport = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))
    async with calling(shared, transport) as made:
        await made.learn_nonce(replica)
        yield made


def started(replica: Replica) -> list[int]:
    return [int(each["pid"]) for each in replica.told("worker.started")]


async def test_a_code_and_a_proof_win_once_among_workers(
    caller: Caller, replica: Replica, key: DpopKey
) -> None:
    code = await caller.code()
    redemptions = [caller.redemption(code, key) for _ in range(REQUESTS)]
    assert statuses(await caller.at_once(redemptions, [replica]))[:2] == [200, 400]
    answers = await caller.at_once([caller.own(key)] * REQUESTS, [replica])
    assert statuses(answers) == [200] + [400] * (REQUESTS - 1)


async def test_any_worker_tells_what_all_of_them_counted(
    caller: Caller, replica: Replica, key: DpopKey
) -> None:
    before = await counts(caller, replica)
    for each in await caller.at_once([caller.own(key) for _ in range(REQUESTS)], [replica]):
        assert issued(each)
    used = caller.own(key)
    answers = await caller.at_once([used, used], [replica])
    assert statuses(answers) == [200, 400]
    assert challenged(
        await caller.send(caller.own(key, nonce="old"), replica), issuer=caller.issuer
    )
    for _ in range(2 * WORKERS):
        after = await counts(caller, replica)
        assert grown(before, after) == {
            'holdfast_tokens_issued_total{grant_type="client_credentials"}': REQUESTS + 1,
            'holdfast_refusals_total{check="replay",error="invalid_dpop_proof"}': 1,
            'holdfast_replays_total{kind="proof"}': 1,
            'holdfast_dpop_nonce_challenges_total{check="nonce"}': 1,
            'holdfast_token_request_seconds_count{status="200"}': REQUESTS + 1,
            'holdfast_token_request_seconds_count{status="400"}': 2,
        }


async def counts(caller: Caller, replica: Replica) -> dict[str, float]:
    lines = (await caller.http.get(replica.url + "/metrics")).text.splitlines()
    pairs = [line.rsplit(" ", 1) for line in lines if line.startswith("holdfast_")]
    return {name: float(value) for name, value in pairs if "_created" not in name}


def grown(before: dict[str, float], after: dict[str, float]) -> dict[str, int]:
    """Return what grew, but for the times that the requests took."""
    return {
        name: int(value - before.get(name, 0))
        for name, value in after.items()
        if value != before.get(name, 0) and "_bucket" not in name and "_sum" not in name
    }


async def test_a_worker_that_ends_is_replaced_and_the_others_go_on(
    caller: Caller, replica: Replica, key: DpopKey
) -> None:
    before = started(replica)
    os.kill(before[-1], signal.SIGKILL)
    assert issued(await caller.send(caller.own(key), replica))
    await until(lambda: len(started(replica)) > len(before), "a new worker")


async def test_workers_end_when_their_supervisor_is_killed(
    shared: Deployment, key: DpopKey
) -> None:
    (replica,) = shared.start(1, workers=WORKERS, drain_seconds="0")
    replica.kill()

    def nobody_listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((HOST, replica.port)) != 0

    await until(nobody_listens, "the end of the workers")
    # The port is free for the next start.
    replica.start()
    await asyncio.to_thread(replica.wait_until_ready)
    async with calling(shared) as caller:
        await caller.learn_nonce(replica)
        assert issued(await caller.send(caller.own(key), replica))
    assert await replica.stop() == 0


async def test_workers_that_cannot_start_end_the_server_with_one_line(
    shared: Deployment, tmp_path: Path
) -> None:
    nowhere = f"redis://{HOST}:{free_port()}/0"
    environment = shared.environment(redis_url=nowhere, start_timeout="1", log_level="error")
    replica = Replica(environment, tmp_path / "log", WORKERS)
    replica.start()
    assert await asyncio.to_thread(replica.end) == 1
    lines = replica.log.read_text().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: Redis did not answer within 1 seconds")
