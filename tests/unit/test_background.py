"""What is repeated while the server runs."""

import asyncio

import pytest

from app.background import repeated


async def test_it_is_done_again_and_again() -> None:
    done, twice = 0, asyncio.Event()

    async def act(_: asyncio.Event) -> None:
        nonlocal done
        done += 1
        if done == 2:
            twice.set()

    async with repeated("task", act, interval=0.001):
        await asyncio.wait_for(twice.wait(), 30)
    assert done >= 2


async def test_the_first_time_comes_after_the_interval() -> None:
    done = asyncio.Event()

    async def act(_: asyncio.Event) -> None:
        done.set()

    async with repeated("task", act, interval=3600):
        await asyncio.sleep(0)
    assert not done.is_set()


async def test_what_fails_is_told_and_done_again(capsys: pytest.CaptureFixture[str]) -> None:
    failures, twice = 0, asyncio.Event()

    async def act(_: asyncio.Event) -> None:
        nonlocal failures
        failures += 1
        if failures == 2:
            twice.set()
        raise RuntimeError

    async with repeated("the task", act, interval=0.001):
        await asyncio.wait_for(twice.wait(), 30)
    said = capsys.readouterr()
    assert "the task" in said.out + said.err


async def test_the_end_waits_for_what_is_under_way_and_cancels_nothing() -> None:
    began, ended = asyncio.Event(), False

    async def act(stopping: asyncio.Event) -> None:
        nonlocal ended
        began.set()
        await stopping.wait()
        await asyncio.sleep(0)
        ended = True

    async with repeated("task", act, interval=0.001):
        await asyncio.wait_for(began.wait(), 30)
    assert ended
