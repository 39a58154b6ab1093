"""Programs that a test starts and talks with by lines."""

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

WITHIN = 120


@dataclass
class Program:
    """A running program that reads and writes lines."""

    process: subprocess.Popen[str]
    complaints: IO[bytes]

    def tell(self, message: Any) -> None:
        """Write a line of JSON to it."""
        self.write_line(json.dumps(message))

    def hear(self) -> Any:
        """Return what it says next, as JSON."""
        return json.loads(self.read_line())

    def write_line(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def read_line(self, *, starting: str = "") -> str:
        """Return the next line of its output that starts so."""
        assert self.process.stdout is not None
        with self._patience():
            for line in self.process.stdout:
                if line.startswith(starting):
                    return line.rstrip("\n")
        raise AssertionError(f"the program ended early:\n{self._complained()}")

    def finish(self) -> str:
        """Return the rest of its output, once it has ended of itself and well."""
        assert self.process.stdout is not None
        with self._patience():
            rest = self.process.stdout.read()
        assert self.process.wait() == 0, rest + self._complained()
        return rest

    @contextmanager
    def _patience(self) -> Iterator[None]:
        """End the program that keeps its reader waiting for too long."""
        timer = threading.Timer(WITHIN, self.process.kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _complained(self) -> str:
        self.process.wait()
        self.complaints.seek(0)
        return self.complaints.read().decode(errors="replace")[-4000:]


@contextmanager
def started(
    command: Sequence[str],
    environment: Mapping[str, str],
    cwd: Path | None = None,
    pass_fds: Collection[int] = (),
) -> Iterator[Program]:
    """Run a program, with these variables in its environment, until it is no longer needed."""
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            cwd=cwd,
            pass_fds=pass_fds,
            env={**os.environ, **environment},
        )
        try:
            yield Program(process, complaints)
        finally:
            process.kill()
            process.communicate()
