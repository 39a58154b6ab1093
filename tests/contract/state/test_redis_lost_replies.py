"""A reply lost on its way: what was obeyed is known again, and wins no second time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from app.dpop.ports import Outcome
from app.oauth.errors import TemporarilyUnavailable
from app.state.redis import RedisState
from tests import redis_servers
from tests.builders import NOW, FrozenClock
from tests.redis_servers import Server

from .builders import a_code, a_decision, a_device_request, a_hash, a_spending


@dataclass
class Proxy:
    """Passes everything on, but breaks the connection in place of the next replies to scripts."""

    port: int
    url: str = ""
    to_lose: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(redis_servers.HOST, self.port)
        losing = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._forward(reader, there[1], losing))
                both.create_task(self._back(there[0], writer, losing))
        except* ConnectionError:
            pass
        finally:
            writer.close()
            there[1].close()

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, losing: asyncio.Event
    ) -> None:
        while data := await reader.read(65536):
            if self.to_lose and b"EVALSHA" in data:
                self.to_lose -= 1
                losing.set()
            writer.write(data)
        raise ConnectionResetError

    async def _back(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, losing: asyncio.Event
    ) -> None:
        while (data := await reader.read(65536)) and not losing.is_set():
            writer.write(data)
        raise ConnectionResetError


@pytest.fixture
async def proxy(server: Server) -> AsyncIterator[Proxy]:
    proxy = Proxy(server.port)
    listening = await asyncio.start_server(proxy.serve, redis_servers.HOST, 0)
    own = listening.sockets[0].getsockname()[1]
    proxy.url = f"redis://{redis_servers.HOST}:{own}"
    yield proxy
    listening.close()


@pytest.fixture
async def state(proxy: Proxy, clock: FrozenClock) -> AsyncIterator[RedisState]:
    """Every script was run once, so that Redis knows them all."""
    state = await RedisState.connect(proxy.url, clock)
    await state.codes.put("warm", a_code())
    await state.codes.spend("warm")
    await state.proofs.spend(a_spending())
    await state.assertions.spend("client", "warm", NOW + 60)
    await state.attempts.count("warm")
    await state.device_codes.put("warm", "warm", a_device_request())
    await state.device_codes.decide("warm", a_decision())
    await state.device_codes.poll("warm", NOW, 5)
    yield state
    await state.close()


async def test_a_code_whose_spending_was_not_confirmed_is_spent_once(
    state: RedisState, proxy: Proxy
) -> None:
    key = a_hash()
    await state.codes.put(key, a_code())
    proxy.to_lose = 1
    assert await state.codes.spend(key)
    assert proxy.to_lose == 0
    assert not await state.codes.spend(key)


async def test_a_user_code_whose_keeping_was_not_confirmed_is_kept(
    state: RedisState, proxy: Proxy
) -> None:
    key, user_code = a_hash(), a_hash()
    # The record's, and the user code's.
    proxy.to_lose = 2
    assert await state.device_codes.put(key, user_code, a_device_request())
    assert proxy.to_lose == 0
    assert not await state.device_codes.put(a_hash(), user_code, a_device_request())


async def test_a_decision_that_was_not_confirmed_is_made_once(
    state: RedisState, proxy: Proxy
) -> None:
    key = a_hash()
    await state.device_codes.put(key, a_hash(), a_device_request())
    proxy.to_lose = 1
    assert await state.device_codes.decide(key, a_decision())
    assert proxy.to_lose == 0
    assert not await state.device_codes.decide(key, a_decision())


async def test_a_poll_that_was_not_confirmed_is_counted_once(
    state: RedisState, proxy: Proxy
) -> None:
    key = a_hash()
    await state.device_codes.put(key, a_hash(), a_device_request())
    proxy.to_lose = 1
    assert await state.device_codes.poll(key, NOW, 5)
    proxy.to_lose = 1
    assert not await state.device_codes.poll(key, NOW + 1, 5)
    assert proxy.to_lose == 0
    # Once too soon is ten seconds, not fifteen.
    assert await state.device_codes.poll(key, NOW + 11, 5)


async def test_a_proof_whose_spending_was_not_confirmed_is_fresh_once(
    state: RedisState, proxy: Proxy
) -> None:
    spending = a_spending()
    proxy.to_lose = 1
    assert await state.proofs.spend(spending) is Outcome.FRESH
    assert proxy.to_lose == 0
    assert await state.proofs.spend(spending) is Outcome.REPLAYED


async def test_an_assertion_whose_spending_was_not_confirmed_is_spent_once(
    state: RedisState, proxy: Proxy
) -> None:
    proxy.to_lose = 1
    assert await state.assertions.spend("client", "jti", NOW + 60)
    assert proxy.to_lose == 0
    assert not await state.assertions.spend("client", "jti", NOW + 60)


async def test_a_replay_is_not_taken_for_an_unconfirmed_first_use(
    state: RedisState, proxy: Proxy
) -> None:
    spending = a_spending()
    await state.proofs.spend(spending)
    proxy.to_lose = 1
    assert await state.proofs.spend(spending) is Outcome.REPLAYED
    assert proxy.to_lose == 0


async def test_an_attempt_whose_count_was_not_confirmed_is_never_lost(
    state: RedisState, proxy: Proxy
) -> None:
    proxy.to_lose = 1
    assert [await state.attempts.count("bucket") for _ in range(9)] == [0] * 9
    assert proxy.to_lose == 0
    assert await state.attempts.count("bucket") > 0


async def test_replies_lost_over_and_over_end_in_unavailability(
    state: RedisState, proxy: Proxy
) -> None:
    proxy.to_lose = 3
    with pytest.raises(TemporarilyUnavailable):
        await state.proofs.spend(a_spending())
    assert proxy.to_lose == 0
