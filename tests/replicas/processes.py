"""Real servers of ours: `holdfast serve` in processes of their own, and the stores they share."""

import asyncio
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.cli.context import Management, open_management
from app.settings import load_settings
from tests.redis_servers import Server as Redis
from tests.redis_servers import free_port
from tests.servers import Postgres

HOLDFAST = str(Path(sys.executable).with_name("holdfast"))
HOST = "127.0.0.1"
WITHIN = 60.0
SECRET_KEY = "a secret of the deployment, for tests"


async def until(condition: Callable[[], Any], what: str, *, within: float = WITHIN) -> float:
    """Look again and again until the condition, a function or a coroutine function, holds.

    Returns the seconds it took.
    """
    never, began = asyncio.Event(), time.monotonic()
    while True:
        found = condition()
        if await found if asyncio.iscoroutine(found) else found:
            return time.monotonic() - began
        assert time.monotonic() - began < within, f"{what} did not happen in {within} seconds"
        await pause(0.02, never)


async def best_of_three(measure: Callable[[], Awaitable[float]]) -> float:
    """Return the least of three measurements: what is above it is the machine's doing."""
    return min([await measure() for _ in range(3)])


async def pause(seconds: float, stop: asyncio.Event) -> bool:
    """Wait for the event, for so many seconds at most; True if it came."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False
    return True


def plain_environment(**settings: str) -> dict[str, str]:
    """Return our environment with these settings, and no other of ours."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    return plain | {"HOLDFAST_" + name.upper(): value for name, value in settings.items()}


@dataclass
class Replica:
    """One `holdfast serve`, which keeps its port over restarts. Its log is a file."""

    environment: dict[str, str] = field(repr=False)
    log: Path
    workers: int = 1
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Start without waiting."""
        command = [HOLDFAST, "serve", "--json", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--workers", str(self.workers)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=self.environment,
            )

    def wait_until_ready(self) -> None:
        """Wait for the line that it prints once it answers."""
        assert self.process is not None
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            assert selector.select(WITHIN), "the server neither started nor ended"
        line = self.process.stdout.readline()
        assert line, f"the server did not start:\n{self.log.read_text()[-2000:]}"
        assert json.loads(line)["listening"] == f"{HOST}:{self.port}"

    @property
    def running(self) -> subprocess.Popen[str]:
        assert self.process is not None
        return self.process

    def kill(self) -> None:
        self.running.kill()
        self.end()

    def end(self) -> int:
        """Wait for its end, and return its exit code."""
        code = self.running.wait(WITHIN)
        if self.running.stdout is not None:
            self.running.stdout.close()
        self.process = None
        return code

    async def stop(self) -> int:
        """Ask it to stop as an operator would, and wait for its end."""
        self.running.terminate()
        return await asyncio.to_thread(self.end)

    async def restart(self, **settings: str | None) -> None:
        """Stop it, then start it on the same port, with other settings where given."""
        await self.stop()
        self.change(**settings)
        self.start()
        await asyncio.to_thread(self.wait_until_ready)

    def change(self, **settings: str | None) -> None:
        """Change settings for the next start; None takes one away."""
        for name, value in settings.items():
            key = "HOLDFAST_" + name.upper()
            self.environment.pop(key, None)
            if value is not None:
                self.environment[key] = value

    def told(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of the log that tell of such an event."""
        lines = self.log.read_text().splitlines()
        entries = [json.loads(line) for line in lines if line.startswith("{")]
        return [entry for entry in entries if entry["event"] == event]


@dataclass
class Deployment:
    """Settings that several replicas share. The issuer is where a balancer would be."""

    directory: Path
    database_url: str
    redis: Redis
    issuer: str = field(default_factory=lambda: f"http://{HOST}:{free_port()}")
    replicas: list[Replica] = field(default_factory=list)

    def environment(self, **settings: str) -> dict[str, str]:
        shared = {
            "issuer": self.issuer,
            "database_url": self.database_url,
            "redis_url": self.redis.url,
            "secret_key": SECRET_KEY,
            "log_format": "json",
            "log_level": "warning",
            **settings,
        }
        return plain_environment(**shared)

    def start(self, count: int = 2, *, workers: int = 1, **settings: str) -> list[Replica]:
        """Start replicas at once, and wait until all of them answer."""
        made = [
            Replica(self.environment(**settings), self.directory / f"log-{number}", workers)
            for number in range(len(self.replicas), len(self.replicas) + count)
        ]
        self.replicas += made
        for replica in made:
            replica.start()
        for replica in made:
            replica.wait_until_ready()
        return made

    def cli(self, *arguments: str, **settings: str) -> Any:
        """Run a command, and return what it says as JSON."""
        done = subprocess.run(
            [HOLDFAST, *arguments, "--json"],
            capture_output=True,
            text=True,
            timeout=WITHIN,
            check=False,
            env=self.environment(**settings),
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @asynccontextmanager
    async def management(self) -> AsyncIterator[Management]:
        """Open what the command line works on, without its process."""
        settings = load_settings(
            issuer=self.issuer, database_url=self.database_url, secret_key=SECRET_KEY
        )
        async with open_management(settings) as opened:
            yield opened

    def end(self) -> None:
        """End whatever still runs."""
        for replica in self.replicas:
            if replica.process is not None:
                replica.kill()


@contextmanager
def deployment(directory: Path, database_url: str, redis: Redis) -> Iterator[Deployment]:
    """Share these stores among the replicas that a test starts; end them with it."""
    directory.mkdir(exist_ok=True)
    shared = Deployment(directory, database_url, redis)
    try:
        yield shared
    finally:
        shared.end()


async def kill_postgres(postgres: Postgres) -> None:
    """End PostgreSQL as a crash would; its children end by themselves."""
    pid = postgres.process.get_pid()
    os.kill(pid, signal.SIGKILL)
    await until(lambda: not _exists(pid), "the end of PostgreSQL")


async def start_postgres(postgres: Postgres) -> None:
    """Start PostgreSQL again after a crash. What the crash left may stand in the way for a time."""

    def started() -> bool:
        try:
            postgres.process.ensure_postgres_running()
        except subprocess.SubprocessError:
            return False
        return True

    await until(lambda: asyncio.to_thread(started), "the new start of PostgreSQL")


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
