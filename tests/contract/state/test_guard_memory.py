"""A guard's replay memory in Redis, shared by the workers of an API."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from app.guard.assembly import guard_of
from app.guard.guard import Guard
from app.guard.jwt_tokens import JwtTokens
from app.guard.keys import LocalKeys
from app.guard.redis import SharedMemory
from app.guard.refusal import Refusal
from tests.builders import DpopKey, FrozenClock, s256
from tests.protected_api import API, ISSUER, Issuer
from tests.redis_servers import Server

ISSUED = Issuer()


def guard(memory: SharedMemory, clock: FrozenClock, nonce: str = "auto") -> Guard:
    tokens = JwtTokens(ISSUER, LocalKeys(lambda: ISSUED.jwks), clock)
    return guard_of(
        tokens, base_url=API, audience=None, memory=memory.proofs, nonce=nonce, clock=clock
    )


def signed(key: DpopKey, clock: FrozenClock, **claims: Any) -> list[tuple[str, str]]:
    token = ISSUED.token(key, iat=int(clock.now()), exp=int(clock.now()) + 300)
    proof = key.proof(htm="GET", htu=API + "/x", ath=s256(token), iat=clock.now(), **claims)
    return [("Authorization", f"DPoP {token}"), ("DPoP", proof)]


async def status(guard: Guard, fields: list[tuple[str, str]]) -> int:
    try:
        await guard.check("GET", "/x", fields)
    except Refusal as refusal:
        return refusal.status
    return 200


@pytest.fixture
def clock() -> FrozenClock:
    """Redis has a clock of its own: for this one, it was started long ago."""
    return FrozenClock(4_000_000_000)


Connect = Callable[[str], Awaitable[SharedMemory]]


@pytest.fixture
async def connect(prefix: str, clock: FrozenClock) -> AsyncIterator[Connect]:
    """Return what connects a worker to a Redis."""
    async with AsyncExitStack() as stack:

        async def connect(url: str) -> SharedMemory:
            memory = await SharedMemory.connect(url, clock, prefix=prefix)
            stack.push_async_callback(memory.close)
            return memory

        yield connect


async def test_of_many_workers_with_one_proof_one_lets_it_pass(
    valkey: str, connect: Connect, clock: FrozenClock, key: DpopKey
) -> None:
    workers = [guard(await connect(valkey), clock) for _ in range(3)]
    fields = signed(key, clock)
    asked = (status(worker, fields) for worker in workers * 5)
    assert sorted(await asyncio.gather(*asked)) == [200, *[401] * 14]


async def test_the_nonce_of_one_worker_is_good_at_another(
    valkey: str, connect: Connect, clock: FrozenClock, key: DpopKey
) -> None:
    one, other = [guard(await connect(valkey), clock, "required") for _ in range(2)]
    with pytest.raises(Refusal) as challenge:
        await one.check("GET", "/x", signed(key, clock))
    nonce = challenge.value.headers["DPoP-Nonce"]
    admitted = await other.check("GET", "/x", signed(key, clock, nonce=nonce))
    assert admitted.headers == {"DPoP-Nonce": nonce}


async def test_without_redis_every_request_is_refused_with_503(
    server: Server, connect: Connect, clock: FrozenClock, key: DpopKey
) -> None:
    worker = guard(await connect(server.url), clock)
    assert await status(worker, signed(key, clock)) == 200
    server.kill()
    with pytest.raises(Refusal) as refused:
        await worker.check("GET", "/x", signed(key, clock))
    assert refused.value.status == 503
    assert int(refused.value.headers["Retry-After"]) >= 1
    assert "WWW-Authenticate" not in refused.value.headers
    server.start()
    # What it remembered is gone: the first proof is challenged, as after any restart.
    with pytest.raises(Refusal) as refused:
        await worker.check("GET", "/x", signed(key, clock))
    assert refused.value.error == "use_dpop_nonce"
    nonce = refused.value.headers["DPoP-Nonce"]
    assert await status(worker, signed(key, clock, nonce=nonce)) == 200
