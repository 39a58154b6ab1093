"""State in memory belongs to one process: no other serves the same data beside it."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.builders import DpopKey
from tests.harness import WEB, credentials

from .processes import SECRET_KEY, Replica, plain_environment, until


@pytest.fixture
def start() -> Iterator[Callable[[Replica], None]]:
    """Return what starts a server and waits for it; all end with the test."""
    started: list[Replica] = []

    def start(replica: Replica) -> None:
        started.append(replica)
        replica.start()
        replica.wait_until_ready()

    yield start
    for each in started:
        if each.process is not None:
            each.kill()


async def is_refused(replica: Replica) -> bool:
    """Start a server that cannot, and tell whether it says why in one line."""
    replica.start()
    assert await asyncio.to_thread(replica.end) == 1
    (line,) = replica.log.read_text().splitlines()
    return (
        line.startswith("error: another Holdfast process serves")
        and "set HOLDFAST_REDIS_URL for both" in line
    )


async def test_a_second_server_on_a_data_directory_starts_only_when_the_first_is_dead(
    tmp_path: Path, start: Callable[[Replica], None]
) -> None:
    environment = plain_environment(data_dir=str(tmp_path / "data"))
    first, second = (Replica(environment, tmp_path / f"log-{number}") for number in range(2))
    start(first)
    assert await is_refused(second)
    # kill -9: the kernel frees the lock.
    first.kill()
    start(second)
    assert second.running.poll() is None


async def test_a_server_elsewhere_takes_over_a_dead_one_s_database_and_no_proof_of_it(
    database_url: str, tmp_path: Path, start: Callable[[Replica], None]
) -> None:
    """Its data directory is new, so it cannot know that it is not the first."""
    issuer = "https://as.example"
    settings = {"issuer": issuer, "database_url": database_url, "secret_key": SECRET_KEY}
    first, second = (
        Replica(
            plain_environment(**settings, data_dir=str(tmp_path / f"data-{number}")),
            tmp_path / f"log-{number}",
        )
        for number in range(2)
    )
    fields, headers = credentials(WEB, issuer=issuer, now=time.time())
    form = {"grant_type": "client_credentials", **fields}
    async with httpx.AsyncClient() as http:

        async def send(replica: Replica, proof: str) -> dict[str, Any]:
            sent = [*headers, ("DPoP", proof)]
            answer = await http.post(replica.url + "/token", data=form, headers=sent)
            members: dict[str, Any] = answer.json()
            return members

        proofs: list[str] = []

        async def is_accepted() -> bool:
            # A new key each time: one that was challenged owes a nonce.
            proofs.append(DpopKey().proof(iat=time.time() + 9, htu=issuer + "/token"))
            return "access_token" in await send(first, proofs[-1])

        start(first)
        assert await is_refused(second)
        await until(is_accepted, "the end of the first server's own epoch")
        # kill -9: PostgreSQL frees the lock.
        first.kill()
        start(second)
        replayed = await send(second, proofs[-1])
    assert replayed["error"] == "use_dpop_nonce"
    assert replayed["dpop"]["check"] == "replay"
