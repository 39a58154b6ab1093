"""Several server processes behind one listening socket, and the one that looks after them.

Not uvicorn's own supervisor: that one keeps the socket open while the workers stop, so that the
kernel takes connections nobody will serve; it ends the whole server, with success, when one worker
cannot start again during an outage; and when it is killed, its workers live on.
"""

import multiprocessing
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import FrameType

import structlog

from ..clock import Clock
from ..telemetry.metrics import SHARED_DIRECTORY
from .output import Failure

# Told by a worker, over its pipe: that it serves, or in one line why it does not.
READY = ""

# Runs in the worker: serves on the socket, and says READY or what is wrong.
Work = Callable[[socket.socket, Callable[[str], None]], None]

_LOOK = 0.2
_LONGEST_PAUSE = 10.0
_SPAWN = multiprocessing.get_context("spawn")

log = structlog.get_logger("holdfast.workers")


class Workers:
    """Keeps ``count`` workers running. ``patience``: seconds they may take to stop."""

    def __init__(
        self, work: Work, listening: socket.socket, count: int, *, clock: Clock, patience: float
    ) -> None:
        self._work = work
        self._listening = listening
        self._count = count
        self._clock = clock
        self._patience = patience
        self._signals = 0
        self._workers: list[_Worker] = []

    def run(self, on_ready: Callable[[], None]) -> None:
        """Run until SIGTERM or SIGINT. Raises Failure when the first workers cannot start."""
        with _signals_to(self._signalled), _shared_metrics():
            try:
                self._start_all()
                if not self._signals:
                    on_ready()
                while not self._signals:
                    self._look_after_all()
            finally:
                self._stop_all()

    def _signalled(self, _signal: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def _start_all(self) -> None:
        self._workers = [_Worker(self._work, self._listening) for _ in range(self._count)]
        for worker in self._workers:
            worker.start()
        while not self._signals and not all(worker.is_ready for worker in self._workers):
            wait([handle for worker in self._workers for handle in worker.handles], _LOOK)
            for worker in self._workers:
                worker.listen()
                if worker.failure is not None:
                    raise Failure(worker.failure)

    def _look_after_all(self) -> None:
        wait([handle for worker in self._workers for handle in worker.handles], _LOOK)
        for worker in self._workers:
            worker.listen()
            if worker.has_ended:
                worker.bury(self._clock.now())
            if worker.is_due(self._clock.now()):
                worker.start()

    def _stop_all(self) -> None:
        # While we held the socket, the kernel would take connections for nobody.
        self._listening.close()
        told = None
        deadline = self._clock.now() + self._patience
        running = [worker.process for worker in self._workers if worker.process is not None]
        while running:
            # Told once, a worker drains; told again, it hurries.
            if told != self._signals:
                told = self._signals
                for process in running:
                    process.terminate()
            if self._clock.now() > deadline:
                for process in running:
                    process.kill()
            wait([process.sentinel for process in running], _LOOK)
            running = [process for process in running if process.is_alive()]


class _Worker:
    """One place to be filled by a worker process, again and again."""

    def __init__(self, work: Work, listening: socket.socket) -> None:
        self._work = work
        self._listening = listening
        self._receiver: Connection | None = None
        self._failures = 0
        self._due = 0.0
        self.process: SpawnProcess | None = None
        self.is_ready = False
        self.failure: str | None = None

    def start(self) -> None:
        self._receiver, sender = _SPAWN.Pipe(duplex=False)
        self.is_ready, self.failure = False, None
        self.process = _SPAWN.Process(target=_run, args=(self._work, self._listening, sender))
        self.process.start()
        sender.close()
        log.info("worker.started", pid=self.process.pid)

    @property
    def handles(self) -> Iterator[Connection | int]:
        """What becomes readable when there is something to look at."""
        if self.process is not None:
            yield self.process.sentinel
        if self._receiver is not None:
            yield self._receiver

    @property
    def has_ended(self) -> bool:
        return self.process is not None and not self.process.is_alive()

    def listen(self) -> None:
        """Hear what the worker says."""
        if self._receiver is None or not self._receiver.poll():
            return
        try:
            said = self._receiver.recv()
        except EOFError:
            said = None if self.is_ready else "a worker ended while it started; see above"
        if said == READY:
            self.is_ready, self._failures = True, 0
            return
        self.failure = said
        self._receiver.close()
        self._receiver = None

    def bury(self, now: float) -> None:
        """Take note of its end, and of when to start another: at once, if it had served."""
        if self.process is None:
            return
        pause = 0.0
        if not self.is_ready:
            pause = min(2.0**self._failures, _LONGEST_PAUSE)
            self._failures += 1
        log.error(
            "worker.ended",
            pid=self.process.pid,
            code=self.process.exitcode,
            cause=self.failure,
            again_in=pause,
        )
        self.process.close()
        self.process = None
        self._due = now + pause

    def is_due(self, now: float) -> bool:
        return self.process is None and now >= self._due


def _run(work: Work, listening: socket.socket, sender: Connection) -> None:
    """Be a worker."""
    threading.Thread(target=_end_with_supervisor, daemon=True).start()
    work(listening, sender.send)


def _end_with_supervisor() -> None:
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        supervisor.join()
        os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _signals_to(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    handled = (signal.SIGTERM, signal.SIGINT)
    before = {each: signal.signal(each, handler) for each in handled}
    try:
        yield
    finally:
        for each, restored in before.items():
            signal.signal(each, restored)


@contextmanager
def _shared_metrics() -> Iterator[None]:
    """Give the workers a place to add up their counts, whichever of them is asked."""
    with tempfile.TemporaryDirectory(prefix="holdfast-metrics-") as folder:
        os.environ[SHARED_DIRECTORY] = folder
        try:
            yield
        finally:
            del os.environ[SHARED_DIRECTORY]
