"""Races between processes."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]


async def race(url: str, *actions: tuple[str, str]) -> list[Any]:
    """Run each action in a process of its own, all from one shot, and return all results."""
    workers = await asyncio.gather(*(_start(url, *action) for action in actions))
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(b"go\n")
    outputs = await asyncio.gather(*(worker.communicate() for worker in workers))
    assert [worker.returncode for worker in workers] == [0] * len(workers)
    return [result for output, _ in outputs for result in json.loads(output)]


async def _start(url: str, action: str, argument: str) -> Process:
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.contract.storage.worker", url, action, argument),
        stdin=PIPE,
        stdout=PIPE,
        cwd=ROOT,
    )
    assert worker.stdout is not None
    assert await worker.stdout.readline() == b"ready\n"
    return worker
