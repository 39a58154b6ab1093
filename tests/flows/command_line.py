"""Runs the command line as people do: a process of its own, with an environment of its own."""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from typer.testing import CliRunner

from app.cli.root import root

HOLDFAST = str(Path(sys.executable).with_name("holdfast"))
PASSWORD = "correct horse battery staple"
WITHIN = 60


@contextmanager
def own_logs() -> Iterator[None]:
    """Undo that a command configures the logs of its process, which is that of all tests."""
    log = logging.getLogger()
    handlers, level = list(log.handlers), log.level
    try:
        yield
    finally:
        log.handlers, log.level = handlers, level
        structlog.reset_defaults()


@dataclass(frozen=True)
class Shell:
    """A shell whose only setting of ours, beside those given, is where the data is."""

    data_dir: Path
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        plain = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("HOLDFAST_") and name not in {"UV", "COLUMNS", "NO_COLOR"}
        }
        return {
            **plain,
            "HOLDFAST_DATA_DIR": str(self.data_dir),
            "HOLDFAST_DRAIN_SECONDS": "0",
        } | dict(self.settings)

    def __call__(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [HOLDFAST, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.data_dir.parent,
            timeout=WITHIN,
            check=False,
        )

    def json(self, *arguments: str, stdin: str = "") -> Any:
        """Run a command that must succeed, in this process, and return its JSON."""
        with own_logs():
            done = CliRunner().invoke(
                root, [*arguments, "--json"], input=stdin, env=self.environment
            )
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def serve(self, *arguments: str) -> Iterator[dict[str, str]]:
        """Run a server on a free port until it is no longer needed; yield what it says."""
        command = [HOLDFAST, "serve", "--port", "0", "--json", *arguments]
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=self.environment,
            cwd=self.data_dir.parent,
        )
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(WITHIN)
            process.stdout.close()
        assert process.returncode == 0
