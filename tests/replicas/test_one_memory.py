"""State in memory belongs to one process: no other serves the same data beside it."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.builders import DpopKey
from tests.harness import WEB, credentials

from .processes import SECRET_KEY, Replica, plain_environment, until


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """Return settings without Redis, on each database."""
    common = {"data_dir": str(tmp_path / "data"), "drain_seconds": "0"}
    if request.param == "sqlite":
        return common
    url = request.getfixturevalue("database_url")
    return {**common, "database_url": url, "secret_key": SECRET_KEY}


@pytest.fixture
def servers(settings: dict[str, str], tmp_path: Path) -> Iterator[list[Replica]]:
    """Return two servers on the same data, not started yet."""
    made = [
        Replica(plain_environment(**settings), tmp_path / f"log-{number}") for number in range(2)
    ]
    yield made
    for each in made:
        if each.process is not None:
            each.kill()


async def test_a_second_server_refuses_to_start_until_the_first_is_gone(
    servers: list[Replica],
) -> None:
    first, second = servers
    first.start()
    first.wait_until_ready()
    second.start()
    assert await asyncio.to_thread(second.end) == 1
    (line,) = second.log.read_text().splitlines()
    assert line.startswith("error: another Holdfast process serves")
    assert "set HOLDFAST_REDIS_URL for both" in line
    # kill -9: the kernel, or PostgreSQL, frees the lock.
    first.kill()
    second.start()
    second.wait_until_ready()
    assert await second.stop() != 1


async def test_a_server_elsewhere_that_takes_over_takes_no_proof_a_second_time(
    database_url: str, tmp_path: Path
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

        try:
            first.start()
            first.wait_until_ready()
            await until(is_accepted, "the end of the first server's own epoch")
            first.kill()
            second.start()
            second.wait_until_ready()
            replayed = await send(second, proofs[-1])
        finally:
            for each in (first, second):
                if each.process is not None:
                    each.kill()
    assert replayed["error"] == "use_dpop_nonce"
    assert replayed["dpop"]["check"] == "replay"
