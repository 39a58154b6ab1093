"""Counted attempts, in every store: ten in five minutes."""

import pytest

from .builders import a_hash, at_once
from .conftest import State


async def test_ten_attempts_go_on(state: State) -> None:
    bucket = a_hash()
    assert [await state.attempts.count(bucket) for _ in range(10)] == [0] * 10


async def test_the_eleventh_attempt_must_wait_until_the_window_ends(state: State) -> None:
    bucket = a_hash()
    waits = [await state.attempts.count(bucket) for _ in range(11)]
    assert 290 <= waits[-1] <= 300


async def test_of_thirty_attempts_at_once_ten_go_on(state: State) -> None:
    bucket = a_hash()
    waits = await at_once(30, lambda: state.attempts.count(bucket))
    assert waits.count(0) == 10


async def test_each_bucket_is_counted_alone(state: State) -> None:
    bucket = a_hash()
    await at_once(11, lambda: state.attempts.count(bucket))
    assert await state.attempts.count(a_hash()) == 0


async def test_a_right_credential_forgives_the_wrong_ones(state: State) -> None:
    bucket = a_hash()
    await at_once(11, lambda: state.attempts.count(bucket))
    await state.attempts.forgive(bucket)
    assert [await state.attempts.count(bucket) for _ in range(10)] == [0] * 10


async def test_forgiving_an_unknown_bucket_does_nothing(state: State) -> None:
    bucket = a_hash()
    await state.attempts.forgive(bucket)
    assert await state.attempts.count(bucket) == 0


@pytest.mark.parametrize("bucket", ["", "a b\r\nc", "ü" * 10_000])
async def test_a_bucket_may_have_any_name(state: State, bucket: str) -> None:
    waits = await at_once(11, lambda: state.attempts.count(bucket))
    assert waits.count(0) == 10
