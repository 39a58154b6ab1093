"""What SIGTERM does: /health/ready says so first, then whoever is being answered is answered."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from .processes import HOST, Replica, plain_environment, until

LIVE = b"GET /health/live HTTP/1.1\r\nHost: holdfast\r\n\r\n"
BODY = b"grant_type=client_credentials"
POST = (
    b"POST /token HTTP/1.1\r\nHost: holdfast\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % len(BODY)
)


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    """Return a server on SQLite and memory, not started yet."""
    made = Replica(plain_environment(data_dir=str(tmp_path / "data")), tmp_path / "log")
    yield made
    if made.process is not None:
        made.kill()


def start(replica: Replica, **settings: str) -> None:
    replica.change(**settings)
    replica.start()
    replica.wait_until_ready()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30) as client:
        yield client


async def test_a_stopping_server_is_not_ready_but_answers_and_ends_every_connection(
    replica: Replica, http: httpx.AsyncClient
) -> None:
    start(replica, drain_seconds="60")
    replica.running.send_signal(signal.SIGTERM)

    async def is_stopping() -> bool:
        return (await http.get(replica.url + "/health/ready")).status_code == 503

    await until(is_stopping, "the answer that it is not ready")
    ready = await http.get(replica.url + "/health/ready")
    assert ready.json() == {"status": "stopping"}
    answer = await http.post(replica.url + "/token", data={"grant_type": "client_credentials"})
    assert answer.json()["error"] == "invalid_client"
    assert answer.headers.get_list("connection") == ["close"]
    # Told again, it waits no longer.
    replica.running.send_signal(signal.SIGTERM)
    await asyncio.to_thread(replica.end)
    with pytest.raises(httpx.ConnectError):
        await http.get(replica.url + "/health/live")


async def test_ctrl_c_does_not_wait(replica: Replica) -> None:
    start(replica, drain_seconds="3600")
    replica.running.send_signal(signal.SIGINT)
    assert await asyncio.to_thread(replica.end) == 0


async def test_a_request_under_way_is_answered(replica: Replica, http: httpx.AsyncClient) -> None:
    start(replica, drain_seconds="0")
    with socket.create_connection((HOST, replica.port), timeout=30) as connection:
        connection.sendall(POST)
        # Answered on another connection: so the first one's header has been read.
        assert (await http.get(replica.url + "/health/live")).status_code == 200
        replica.running.send_signal(signal.SIGTERM)
        await until(lambda: not listens(replica), "the end of listening")
        connection.sendall(BODY)
        answer = await asyncio.to_thread(read_all, connection)
    assert b"\r\nconnection: close\r\n" in answer
    assert b'"invalid_client"' in answer
    await asyncio.to_thread(replica.end)


async def test_a_connection_that_only_the_kernel_has_taken_is_served(replica: Replica) -> None:
    start(replica, drain_seconds="0")
    replica.running.send_signal(signal.SIGSTOP)
    connections = [socket.create_connection((HOST, replica.port), timeout=30) for _ in range(8)]
    replica.running.send_signal(signal.SIGTERM)
    for connection in connections:
        connection.sendall(LIVE)
    replica.running.send_signal(signal.SIGCONT)
    answers = [await asyncio.to_thread(read_all, each) for each in connections]
    for connection in connections:
        connection.close()
    assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in answers)
    await asyncio.to_thread(replica.end)


async def test_an_idle_connection_does_not_hold_up_the_stop(replica: Replica) -> None:
    start(replica, drain_seconds="0")
    with socket.create_connection((HOST, replica.port), timeout=30) as connection:
        connection.sendall(LIVE)
        answer = connection.recv(65536)
        replica.running.send_signal(signal.SIGTERM)
        answer += await asyncio.to_thread(read_all, connection)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b'{"status":"ok"}')
    await asyncio.to_thread(replica.end)


def listens(replica: Replica) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, replica.port)) == 0


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))
