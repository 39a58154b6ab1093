"""What the tests take from the npm registry: the packages of tests/npm, and a Node to run them.

Installed once on a machine, outside the checkout, into a directory named by the lock file.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.programs import Program, started
from tests.servers import ServerMissing

PACKAGES = Path(__file__).with_name("npm")
MANIFESTS = ("package.json", "package-lock.json")
INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
INSTALL_WITHIN = 600


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
    def run(self, script: Path, **given: Any) -> Iterator[Program]:
        """Run a script until it is no longer needed; ``given`` is the first that it reads."""
        with self.start(script) as running:
            running.tell(given)
            yield running

    @contextmanager
    def start(self, script: Path, *arguments: str, **environment: str) -> Iterator[Program]:
        """Run a script, with these variables in its environment, until it is no longer needed.

        It finds the packages, and the modules beside it: they run as copies next to them.
        """
        with tempfile.TemporaryDirectory(prefix="hf-node-") as scratch:
            if self.directory in script.parents:
                copy = script
            else:
                for module in script.parent.glob("*.mjs"):
                    shutil.copy(module, scratch)
                (Path(scratch) / "node_modules").symlink_to(self.directory / "node_modules")
                copy = Path(scratch) / script.name
            with started([self.node, str(copy), *arguments], environment) as running:
                yield running


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
