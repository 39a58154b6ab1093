"""The start waits for the services it needs, aloud and not for ever."""

from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from app.oauth.errors import TemporarilyUnavailable
from app.state.redis import UnsuitableRedis
from app.waiting import CannotStart, wait_for

BRIEF = 0.01
LONG = 3600.0


def failing(times: int, error: Exception) -> Callable[[], Awaitable[str]]:
    left = times

    async def reach() -> str:
        nonlocal left
        left -= 1
        if left >= 0:
            raise error from ConnectionRefusedError("connection refused at db:5432")
        return "reached"

    return reach


def silent() -> TemporarilyUnavailable:
    return TemporarilyUnavailable("the database does not answer")


async def test_a_service_that_answers_is_not_waited_for() -> None:
    with capture_logs() as lines:
        found = await wait_for("the database", "X", failing(0, silent()), patience=LONG)
    assert (found, lines) == ("reached", [])


async def test_each_attempt_that_failed_is_one_line_that_says_why() -> None:
    with capture_logs() as lines:
        found = await wait_for("the database", "X", failing(2, silent()), patience=LONG)
    assert found == "reached"
    assert [(line["attempt"], line["service"]) for line in lines] == [
        (1, "the database"),
        (2, "the database"),
    ]
    assert all("connection refused at db:5432" in line["cause"] for line in lines)


async def test_a_plain_function_that_returns_an_awaitable_is_awaited() -> None:
    def reach() -> Awaitable[str]:
        return failing(0, silent())()

    assert await wait_for("Redis", "X", reach, patience=LONG) == "reached"


async def test_the_wait_ends_with_one_sentence_that_names_the_setting() -> None:
    never = failing(1_000_000, silent())
    with pytest.raises(CannotStart, match=r"^the database did not answer .* HOLDFAST_X is right$"):
        await wait_for("the database", "HOLDFAST_X", never, patience=BRIEF)


async def test_what_waiting_cannot_cure_is_said_at_once() -> None:
    evicting = UnsuitableRedis("set its maxmemory-policy to noeviction")
    with capture_logs() as lines, pytest.raises(CannotStart, match="maxmemory-policy"):
        await wait_for("Redis", "X", failing(1, evicting), patience=LONG)
    assert lines == []


async def test_a_url_that_is_none_is_said_at_once_with_its_setting() -> None:
    wrong = ValueError("A Redis URL has the form redis://host")
    with capture_logs() as lines, pytest.raises(CannotStart, match=r"^HOLDFAST_REDIS_URL: A Redis"):
        await wait_for("Redis", "HOLDFAST_REDIS_URL", failing(1, wrong), patience=LONG)
    assert lines == []


async def test_a_defect_is_not_waited_out() -> None:
    with pytest.raises(ZeroDivisionError):
        await wait_for("Redis", "X", failing(1, ZeroDivisionError()), patience=LONG)
