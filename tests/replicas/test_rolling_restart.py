"""Replicas are restarted one after the other, under load: no request fails."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .calling import Balancer, Caller, calling
from .load import Load
from .nginx import balancing, listens
from .processes import Deployment, Replica


@pytest.fixture(scope="module")
def replicas(shared: Deployment) -> list[Replica]:
    return shared.start(2)


async def test_no_request_fails_behind_a_balancer_that_repeats_refused_connections(
    shared: Deployment, replicas: list[Replica]
) -> None:
    async with calling(shared, Balancer([each.port for each in replicas])) as caller:
        assert await failures_of_a_rolling_restart(caller, replicas) == []


async def test_no_request_fails_behind_nginx(
    shared: Deployment, replicas: list[Replica], tmp_path: Path
) -> None:
    port = urlsplit(shared.issuer).port
    assert port is not None
    with balancing(tmp_path / "nginx", port, [each.port for each in replicas]):
        await listens(port)
        async with calling(shared) as caller:
            assert await failures_of_a_rolling_restart(caller, replicas) == []


async def failures_of_a_rolling_restart(caller: Caller, replicas: list[Replica]) -> list[str]:
    """Restart each replica in turn under load, and return whatever went wrong."""
    load = Load(caller)
    async with load.running():
        await load.some()
        for replica in replicas:
            await replica.restart()
            await load.some()
    # Races and a Redis that is new have requests refused, as they should be.
    answers = [each for each in load.record.answers if each.status_code not in {200, 400}]
    failed = [f"{each.status_code} {each.text}" for each in answers]
    return [*failed, *load.record.broken, *load.record.lost]
