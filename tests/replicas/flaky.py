"""What workers do in the tests of their supervisor: no server, so that they start at once."""

import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from app.cli.workers import READY

DIARY = "DIARY_OF_WORKERS"


def diary() -> list[int]:
    """Return the process ids of the workers so far, the oldest first."""
    path = Path(os.environ[DIARY])
    return [int(line) for line in path.read_text().splitlines()] if path.exists() else []


def work_but_for_the_second_and_third(
    _listening: socket.socket, say: Callable[[str], None]
) -> None:
    """Note the process, then fail or work: as during an outage that lasts for two starts."""
    with Path(os.environ[DIARY]).open("a") as book:
        book.write(f"{os.getpid()}\n")
    if len(diary()) in {2, 3}:
        say("nothing works today")
        raise SystemExit(1)
    say(READY)
    signal.pause()


def never_work(_listening: socket.socket, say: Callable[[str], None]) -> None:
    """Fail at the start."""
    say("nothing works today")
    raise SystemExit(1)


def ignore_sigterm(_listening: socket.socket, say: Callable[[str], None]) -> None:
    """Work, and do not stop when told to."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say(READY)
    while True:
        signal.pause()
