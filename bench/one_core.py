"""What a token costs: processor time of the server, of PostgreSQL and of Redis for each request.

Processor time, not requests a second: it moves little when other programs use the machine. It is
compared with the cryptography that each request needs at least, one ES256 verification and one
ES256 signature, timed in the same run with the same library.

One server process with the default settings, PostgreSQL and Valkey; 16 connections, one request
in flight on each; every answer is checked. PostgreSQL runs with fsync off, so this says nothing of
disks; the write-ahead log that each request writes is counted instead.

    uv run python -m bench.one_core
"""

import asyncio
import json
import os
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated
from urllib.parse import urlencode

import asyncpg
import typer
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry

from app.storage.engine import dsn
from tests.builders import DpopKey
from tests.harness import SPA, WEB
from tests.replicas.calling import Caller, TokenRequest, calling
from tests.replicas.processes import Deployment, Replica, deployment
from tests.replicas.stock import stock

from .stores import Stores, stores

CONNECTIONS = 16
TICK = os.sysconf("SC_CLK_TCK")
MICRO = 1_000_000


@dataclass(frozen=True)
class Cost:
    """Microseconds of processor time, and what else one request took."""

    server: float
    postgres: float
    redis: float
    redis_commands: float
    wal_bytes: float


def crypto(count: int = 3000) -> float:
    """Return the microseconds of one ES256 verification and one signature."""
    key, algorithm = ECKey.generate_key("P-256"), JWSRegistry.algorithms["ES256"]
    message = secrets.token_bytes(300)
    signature = algorithm.sign(message, key)
    began = time.process_time()
    for _ in range(count):
        algorithm.sign(message, key)
        algorithm.verify(message, signature, key)
    return (time.process_time() - began) / count * MICRO


class Meter:
    """Reads what everybody has used so far."""

    def __init__(self, at: Stores, replica: Replica, connection: asyncpg.Connection) -> None:
        self._at = at
        self._server = replica.running.pid
        self._postmaster = at.postgres.process.get_pid()
        self._connection = connection

    async def read(self) -> Cost:
        """Return totals."""
        redis = self._at.redis.info("cpu")
        commands = self._at.redis.info("stats")["total_commands_processed"]
        wal = await self._connection.fetchval("SELECT pg_current_wal_insert_lsn() - '0/0'")
        return Cost(
            server=_used(self._server),
            postgres=sum(_used(each) for each in [self._postmaster, *_children(self._postmaster)]),
            redis=float(str(redis["used_cpu_user"])) + float(str(redis["used_cpu_sys"])),
            redis_commands=float(str(commands)),
            wal_bytes=float(wal),
        )


def _used(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def _children(pid: int) -> list[int]:
    return [
        int(each.name)
        for each in Path("/proc").iterdir()
        if each.name.isdecimal() and _parent(each) == pid
    ]


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def per_request(before: Cost, after: Cost, count: int) -> Cost:
    """Divide what was used between two readings; seconds become microseconds."""
    return Cost(
        server=(after.server - before.server) / count * MICRO,
        postgres=(after.postgres - before.postgres) / count * MICRO,
        redis=(after.redis - before.redis) / count * MICRO,
        redis_commands=(after.redis_commands - before.redis_commands) / count,
        wal_bytes=(after.wal_bytes - before.wal_bytes) / count,
    )


class Connection:
    """One connection to the server, one request in flight."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, request: TokenRequest) -> dict[str, str]:
        """Send, and return the members of the answer, which must be tokens."""
        body = urlencode(request.fields).encode()
        head = [
            "POST /token HTTP/1.1",
            "Host: holdfast",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
            f"DPoP: {request.proof}",
            *(f"{name}: {value}" for name, value in request.headers),
        ]
        self._writer.write("\r\n".join([*head, "", ""]).encode() + body)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(answer.partition("content-length: ")[2].partition("\r\n")[0])
        members: dict[str, str] = json.loads(await self._reader.readexactly(length))
        if "access_token" not in members:
            raise RuntimeError(f"refused: {members}")
        return members


@asynccontextmanager
async def connections(port: int) -> AsyncIterator[list[Connection]]:
    """Open them all."""
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
    yield [Connection(*each) for each in opened]
    for _, writer in opened:
        writer.close()


Ask = Callable[[Connection, DpopKey], Awaitable[None]]


class Cases:
    """What is asked, by name. A key for each connection, as one client would have."""

    def __init__(self, caller: Caller, replica: Replica) -> None:
        self._caller = caller
        self._replica = replica
        self._codes: list[str] = []
        self._tokens: dict[str, str] = {}

    async def prepare(self, count: int) -> None:
        """Make what does not live long."""
        await self._caller.learn_nonce(self._replica)
        self._codes = [await self._caller.code(SPA) for _ in range(count)]

    async def client_credentials(self, connection: Connection, key: DpopKey) -> None:
        await connection.ask(self._caller.own(key, WEB))

    async def authorization_code(self, connection: Connection, key: DpopKey) -> None:
        members = await connection.ask(self._caller.redemption(self._codes.pop(), key, SPA))
        self._tokens[key.jkt] = members["refresh_token"]

    async def refresh_token(self, connection: Connection, key: DpopKey) -> None:
        request = self._caller.refreshing(self._tokens[key.jkt], key, SPA)
        self._tokens[key.jkt] = (await connection.ask(request))["refresh_token"]


async def fire(opened: list[Connection], keys: list[DpopKey], ask: Ask, count: int) -> None:
    """Ask so many times over all connections."""

    async def one(connection: Connection, key: DpopKey) -> None:
        for _ in range(count // CONNECTIONS):
            await ask(connection, key)

    await asyncio.gather(*(one(each, key) for each, key in zip(opened, keys, strict=True)))


async def measure(at: Stores, shared: Deployment, count: int, rounds: int) -> None:
    """Print a line for each case."""
    (replica,) = await asyncio.to_thread(shared.start, 1, log_level="info")
    connection = await asyncpg.connect(dsn(at.database_url))
    meter, keys = Meter(at, replica, connection), [DpopKey() for _ in range(CONNECTIONS)]
    async with calling(shared) as caller, connections(replica.port) as opened:
        cases = Cases(caller, replica)
        asks = (cases.client_credentials, cases.authorization_code, cases.refresh_token)
        await cases.prepare(count)
        for ask in asks:
            await fire(opened, keys, ask, count)
        for ask in asks:
            found, unit = [], []
            for _ in range(rounds):
                unit.append(crypto())
                await cases.prepare(count)
                before = await meter.read()
                await fire(opened, keys, ask, count)
                found.append(per_request(before, await meter.read(), count))
            show(ask.__name__, found, median(unit))
    await connection.close()


def show(name: str, found: list[Cost], unit: float) -> None:
    """Print the medians, and how far the rounds were apart."""
    server = sorted(each.server for each in found)
    typer.echo(
        f"{name:20} server {median(server):5.0f} us ({server[0]:.0f} to {server[-1]:.0f}),"
        f" {median(server) / unit:4.1f} x crypto ({unit:.0f} us);"
        f" postgres {median(each.postgres for each in found):4.0f} us;"
        f" redis {median(each.redis for each in found):4.0f} us,"
        f" {median(each.redis_commands for each in found):.1f} commands;"
        f" WAL {median(each.wal_bytes for each in found):5.0f} bytes"
    )


def main(
    count: Annotated[int, typer.Option(help="Requests in each round.")] = 3200,
    rounds: Annotated[int, typer.Option(help="Rounds of each case.")] = 5,
) -> None:
    """Measure, and say what came of it."""
    with stores() as at, deployment(at.directory / "servers", at.database_url, at.redis) as shared:
        asyncio.run(stock(at.database_url))
        asyncio.run(measure(at, shared, count, rounds))


if __name__ == "__main__":
    typer.run(main)
