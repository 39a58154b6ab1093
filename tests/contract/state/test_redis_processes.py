"""Races between processes: whatever is spent at once is spent once."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process

from app.state.redis import RedisState

from .builders import a_code, a_device_request, a_hash
from .racer import COUNT

RACERS = 3


async def _start(url: str, prefix: str) -> Process:
    module = "tests.contract.state.racer"
    racer = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, url, prefix, stdin=PIPE, stdout=PIPE
    )
    assert racer.stdout is not None
    assert await racer.stdout.readline() == b"ready\n"
    return racer


async def test_of_three_processes_at_once_one_wins_each_time(
    redis_state: RedisState, redis_url: str, prefix: str
) -> None:
    for number in range(COUNT):
        await redis_state.codes.put(f"number {number}", a_code())
        await redis_state.device_codes.put(f"number {number}", a_hash(), a_device_request())
    racers = await asyncio.gather(*(_start(redis_url, prefix) for _ in range(RACERS)))
    outputs = await asyncio.gather(*(racer.communicate(b"go\n") for racer in racers))
    won = [json.loads(output) for output, _ in outputs]
    for kind in won[0]:
        winners = [sum(each) for each in zip(*(one[kind] for one in won), strict=True)]
        assert winners == [1] * COUNT
