"""What is kept of other hosts' answers, and how often they are asked."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.outbound.errors import BadAnswer, FetchFailed
from app.outbound.remembered import Remembered
from tests.builders import FrozenClock
from tests.unit.outbound.conftest import Fetchers
from tests.web_host import Handler, WebHost, answer, web_host


def read(_url: str, body: bytes) -> str:
    if body == b"worthless":
        raise BadAnswer("it is worthless")
    return body.decode()


@pytest.fixture
async def host() -> AsyncIterator[WebHost]:
    async with web_host({"/": answer(b"one")}) as host:
        yield host


@pytest.fixture
def remembered(fetcher: Fetchers, clock: FrozenClock) -> Remembered[str]:
    return Remembered(fetcher(), read, clock, max_bytes=100, max_entries=2)


async def failure(asked: Remembered[str], url: str) -> FetchFailed:
    with pytest.raises(FetchFailed) as failed:
        await asked.get(url)
    return failed.value


class TestFreshness:
    @pytest.mark.parametrize(
        ("cache_control", "seconds"),
        [
            (None, 300),
            ("max-age=120", 120),
            ("public, Max-Age=120", 120),
            ("max-age=1", 60),
            ("no-store", 60),
            ("no-cache, max-age=900", 60),
            ("max-age=nonsense", 60),
            ("max-age=86400", 3600),
            ("max-age=99999999999999999999", 60),
        ],
    )
    async def test_an_answer_is_kept_for_as_long_as_it_says_from_a_minute_to_an_hour(
        self,
        host: WebHost,
        remembered: Remembered[str],
        clock: FrozenClock,
        cache_control: str | None,
        seconds: int,
    ) -> None:
        host.answers["/"] = answer(b"one", Cache_Control=cache_control)
        assert await remembered.get(host.url("/")) == "one"
        host.answers["/"] = answer(b"two")
        clock.advance(seconds - 1)
        assert await remembered.get(host.url("/")) == "one"
        clock.advance(1)
        assert await remembered.get(host.url("/")) == "two"

    async def test_the_age_that_a_cache_adds_counts(
        self, host: WebHost, remembered: Remembered[str], clock: FrozenClock
    ) -> None:
        host.answers["/"] = answer(b"one", Cache_Control="max-age=500", Age="300")
        await remembered.get(host.url("/"))
        clock.advance(200)
        await remembered.get(host.url("/"))
        assert len(host.requests) == 2


class TestFailures:
    async def test_a_failure_is_told_for_ten_seconds_without_asking_again(
        self, host: WebHost, remembered: Remembered[str], clock: FrozenClock
    ) -> None:
        host.answers["/"] = answer(b"worthless")
        for _ in range(3):
            assert (await failure(remembered, host.url("/"))).sentence == "it is worthless"
        assert len(host.requests) == 1
        host.answers["/"] = answer(b"two")
        clock.advance(10)
        assert await remembered.get(host.url("/")) == "two"

    async def test_a_stale_answer_is_used_for_an_hour_while_the_host_is_down(
        self, host: WebHost, remembered: Remembered[str], clock: FrozenClock
    ) -> None:
        await remembered.get(host.url("/"))
        host.answers["/"] = answer(b"", "503 Down")
        clock.advance(300 + 3599)
        assert await remembered.get(host.url("/")) == "one"
        clock.advance(60)
        assert "503" in (await failure(remembered, host.url("/"))).sentence

    async def test_a_host_that_is_down_is_asked_once_a_minute(
        self, host: WebHost, remembered: Remembered[str], clock: FrozenClock
    ) -> None:
        await remembered.get(host.url("/"))
        host.answers["/"] = answer(b"", "503 Down")
        clock.advance(300)
        for _ in range(6):
            assert await remembered.get(host.url("/")) == "one"
            clock.advance(10)
        assert len(host.requests) == 2
        await remembered.get(host.url("/"))
        assert len(host.requests) == 3

    @pytest.mark.parametrize("taken_back", [answer(b"", "410 Gone"), answer(b"worthless")])
    async def test_what_its_host_took_back_is_used_no_more(
        self,
        host: WebHost,
        remembered: Remembered[str],
        clock: FrozenClock,
        taken_back: Handler,
    ) -> None:
        await remembered.get(host.url("/"))
        host.answers["/"] = taken_back
        clock.advance(300)
        await failure(remembered, host.url("/"))
        host.answers["/"] = answer(b"", "503 Down")
        clock.advance(10)
        await failure(remembered, host.url("/"))
        assert remembered.known(host.url("/")) is None


class TestQuestions:
    async def test_all_who_wait_for_one_url_share_one_question(
        self, host: WebHost, remembered: Remembered[str]
    ) -> None:
        found = await asyncio.gather(*(remembered.get(host.url("/")) for _ in range(20)))
        assert found == ["one"] * 20
        assert len(host.requests) == 1

    async def test_the_question_goes_on_when_the_first_who_asked_goes_away(
        self, host: WebHost, remembered: Remembered[str]
    ) -> None:
        first = asyncio.create_task(remembered.get(host.url("/")))
        second = asyncio.create_task(remembered.get(host.url("/")))
        await asyncio.sleep(0)
        first.cancel()
        assert await second == "one"
        assert first.cancelled()
        assert len(host.requests) == 1

    async def test_a_newer_answer_is_asked_for_once_in_ten_seconds(
        self, host: WebHost, remembered: Remembered[str], clock: FrozenClock
    ) -> None:
        assert await remembered.newer(host.url("/")) == "one"
        host.answers["/"] = answer(b"two")
        clock.advance(9)
        assert await remembered.newer(host.url("/")) == "one"
        clock.advance(1)
        assert await remembered.newer(host.url("/")) == "two"

    async def test_where_no_newer_answer_is_to_be_had_the_known_one_stays(
        self, host: WebHost, remembered: Remembered[str], clock: FrozenClock
    ) -> None:
        await remembered.get(host.url("/"))
        host.answers["/"] = answer(b"", "503 Down")
        clock.advance(10)
        assert await remembered.newer(host.url("/")) == "one"

    async def test_the_least_used_of_too_many_is_forgotten(
        self, host: WebHost, remembered: Remembered[str]
    ) -> None:
        host.answers |= {"/2": answer(b"two"), "/3": answer(b"three")}
        for path in ("/", "/2", "/", "/3"):
            await remembered.get(host.url(path))
        known = {path: remembered.known(host.url(path)) for path in ("/", "/2", "/3")}
        assert known == {"/": "one", "/2": None, "/3": "three"}
