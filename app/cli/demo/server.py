"""A real server for the demo, in a process and a data directory of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ...settings import PREFIX
from .expectations import StepFailed

STOP_WITHIN = 10


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers at ``issuer``."""

    issuer: str
    metadata: str


@contextmanager
def starting_server() -> Iterator[Callable[[], Server]]:
    """Start ``holdfast serve`` on a free port; stop it and delete its data at the end.

    What this yields waits until the server answers. Raises StepFailed if it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="holdfast-demo-") as folder:
        data_dir = Path(folder) / "data"
        with _only_setting(
            HOLDFAST_DATA_DIR=str(data_dir),
            HOLDFAST_LOG_LEVEL="warning",
            HOLDFAST_DRAIN_SECONDS="0",
        ):
            log = Path(folder) / "log"
            process = _start(log)
            try:
                yield lambda: _first_words(process, log)
            finally:
                _stop(process)


def _start(log: Path) -> subprocess.Popen[str]:
    package = (__package__ or "").rpartition(".")[0]
    # -P: a folder called app where the user happens to stand must not be mistaken for ours.
    command = [sys.executable, "-P", "-m", package, "serve", "--port", "0", "--json"]
    with log.open("w") as errors:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)  # noqa: S603  our own command


def _first_words(process: subprocess.Popen[str], log: Path) -> Server:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        process.wait(STOP_WITHIN)
        raise StepFailed(f"the server did not start: {log.read_text().strip()[-500:]}")
    said = json.loads(line)
    # From here on our own management works on the same data, as the same issuer.
    os.environ[f"{PREFIX}ISSUER"] = said["issuer"]
    return Server(said["issuer"], said["metadata"])


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


@contextmanager
def _only_setting(**settings: str) -> Iterator[None]:
    """Hide the environment's own settings: the demo must never touch a real deployment."""
    before = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    try:
        _replace_settings(settings)
        yield
    finally:
        _replace_settings(before)


def _replace_settings(settings: dict[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    os.environ.update(settings)
