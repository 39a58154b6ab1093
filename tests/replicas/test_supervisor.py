"""The supervisor of workers by itself: what it does when they fail."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.cli.output import Failure
from app.cli.workers import Work, Workers

from .flaky import DIARY, diary, ignore_sigterm, never_work, work_but_for_the_second_and_third
from .processes import HOST, WITHIN


class FastClock:
    """Runs twenty times as fast as others."""

    def now(self) -> float:
        return time.time() * 20


@contextmanager
def supervising(work: Work, *, patience: float = 600) -> Iterator[Workers]:
    with socket.create_server((HOST, 0)) as listening:
        yield Workers(work, listening, 1, clock=FastClock(), patience=patience)


def then_stop(condition: Callable[[], bool]) -> Callable[[], None]:
    """Return what waits for the condition, beside the supervisor, and then tells it to stop."""

    def wait() -> None:
        never, began = threading.Event(), time.monotonic()
        while not condition() and time.monotonic() - began < WITHIN:
            never.wait(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    return threading.Thread(target=wait).start


def test_a_worker_that_cannot_start_again_is_tried_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DIARY, str(tmp_path / "diary"))
    stop_later = then_stop(lambda: len(diary()) == 4)

    def on_ready() -> None:
        (first,) = diary()
        os.kill(first, signal.SIGKILL)
        stop_later()

    with supervising(work_but_for_the_second_and_third) as workers:
        workers.run(on_ready)
    assert len(set(diary())) == 4


def test_the_first_start_must_succeed_and_says_why_it_does_not() -> None:
    with supervising(never_work) as workers, pytest.raises(Failure, match="nothing works today"):
        workers.run(lambda: pytest.fail("it is not ready"))


def test_a_worker_that_does_not_stop_is_killed_in_the_end() -> None:
    with supervising(ignore_sigterm, patience=10) as workers:
        began = time.monotonic()
        workers.run(then_stop(lambda: True))
    assert time.monotonic() - began < WITHIN
