"""What the tests take from the npm registry: the packages of tests/npm, and a Node to run them.

Installed once on a machine, outside the checkout, into a directory named by the lock file.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests.servers import ServerMissing

PACKAGES = Path(__file__).with_name("npm")
MANIFESTS = ("package.json", "package-lock.json")
INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
INSTALL_WITHIN = 600
WITHIN = 120


@dataclass
class Script:
    """A running Node script that speaks lines of JSON."""

    process: subprocess.Popen[str]
    complaints: IO[bytes]

    def tell(self, message: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def hear(self) -> Any:
        """Return what the script says next."""
        return json.loads(self.read_line())

    def read_line(self, *, starting: str = "") -> str:
        """Return the next line of its output that starts so."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(starting):
                return line.rstrip("\n")
        raise AssertionError(f"the script ended early:\n{self._complained()}")

    def finish(self) -> str:
        """Return the rest of its output, once it has ended of itself and well."""
        assert self.process.stdout is not None
        rest = self.process.stdout.read()
        assert self.process.wait() == 0, rest + self._complained()
        return rest

    def _complained(self) -> str:
        self.process.wait()
        self.complaints.seek(0)
        return self.complaints.read().decode(errors="replace")[-4000:]


@dataclass(frozen=True)
class Npm:
    """The installed packages, and the Node among them."""

    directory: Path

    @property
    def node(self) -> str:
        """Return the Node of the lock file; of the machine, where npm has none for it."""
        bundled = sorted(self.directory.glob("node_modules/node-*/bin/node"))
        return str(bundled[0] if bundled else shutil.which("node"))

    def package(self, name: str) -> Path:
        return self.directory / "node_modules" / name

    @contextmanager
    def run(self, script: Path, **given: Any) -> Iterator[Script]:
        """Run a script until it is no longer needed; ``given`` is the first that it reads.

        It and the modules beside it find the packages: they run as copies next to them.
        """
        with tempfile.TemporaryDirectory(prefix="hf-node-") as scratch:
            for module in script.parent.glob("*.mjs"):
                shutil.copy(module, scratch)
            (Path(scratch) / "node_modules").symlink_to(self.directory / "node_modules")
            with self.process(Path(scratch) / script.name) as running:
                running.tell(given)
                yield running

    @contextmanager
    def process(self, *arguments: str | Path) -> Iterator[Script]:
        """Run Node with these arguments until it is no longer needed."""
        with tempfile.TemporaryFile() as complaints:
            process = subprocess.Popen(
                [self.node, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
            )
            # Whoever waits for a line that never comes learns so, and does not wait for ever.
            patience = threading.Timer(WITHIN, process.kill)
            patience.start()
            try:
                yield Script(process, complaints)
            finally:
                patience.cancel()
                process.kill()
                process.communicate()


def install() -> Npm:
    """Install the packages, or find that they are. Raises ServerMissing."""
    manifests = [(PACKAGES / name).read_bytes() for name in MANIFESTS]
    name = "npm-" + hashlib.sha256(b"\0".join(manifests)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "holdfast-tests"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / "npm.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (cache / name).is_dir():
                _install(cache / name)
    except (OSError, subprocess.SubprocessError) as error:
        raise ServerMissing(
            "no packages from the npm registry on this machine: tests of clients and tools in "
            "JavaScript left out"
        ) from error
    return Npm(cache / name)


def _install(directory: Path) -> None:
    unfinished = directory.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for name in MANIFESTS:
        shutil.copy(PACKAGES / name, unfinished)
    subprocess.run(INSTALL, cwd=unfinished, check=True, capture_output=True, timeout=INSTALL_WITHIN)
    unfinished.rename(directory)
