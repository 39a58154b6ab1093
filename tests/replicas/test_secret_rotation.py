"""The deployment's secret is rotated without a token or a session lost (HOLDFAST_SECRET_KEY)."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.answers import issued
from tests.builders import DpopKey

from .calling import Caller, calling
from .processes import SECRET_KEY, Deployment, Replica

NEW_SECRET = "the secret that comes after the first one"


@pytest.fixture(scope="module")
def replicas(shared: Deployment) -> list[Replica]:
    # Every replica learns to read the new secret before any of them writes with it.
    return shared.start(2, drain_seconds="0", secret_key_previous=NEW_SECRET)


@pytest.fixture
async def caller(shared: Deployment, replicas: list[Replica]) -> AsyncIterator[Caller]:
    async with calling(shared) as made:
        await made.learn_nonce(replicas[0])
        yield made


async def test_a_retry_across_the_rotation_gets_the_same_successor(
    caller: Caller, replicas: list[Replica], shared: Deployment, key: DpopKey
) -> None:
    one, other = replicas
    swapped = {"secret_key": NEW_SECRET, "secret_key_previous": SECRET_KEY}
    first = issued(await caller.send(caller.redemption(await caller.code(), key), one))
    await one.restart(**swapped)
    presented = first["refresh_token"]
    by_new = issued(await caller.send(caller.refreshing(presented, key), one))
    by_old = issued(await caller.send(caller.refreshing(presented, key), other))
    assert by_new["refresh_token"] == by_old["refresh_token"]
    await other.restart(**swapped)
    again = issued(await caller.send(caller.refreshing(presented, key), other))
    assert again["refresh_token"] == by_new["refresh_token"]
    assert shared.cli("key", "reencrypt", **swapped)["reencrypted"] >= 2
    alone = {"secret_key": NEW_SECRET, "secret_key_previous": None}
    await asyncio.gather(*(each.restart(**alone) for each in replicas))
    successor = by_new["refresh_token"]
    last = issued(await caller.send(caller.refreshing(successor, key), one))
    assert issued(await caller.send(caller.refreshing(last["refresh_token"], key), other))
