"""Refresh tokens at rest."""

import asyncio
from dataclasses import replace

import pytest

from app.oauth.token_family import RefreshToken, Status
from app.storage.database import SqlDatabase
from tests.builders import NOW

from .processes import race
from .values import a_family, a_refresh_token
from .worker import rotate

FAMILY = a_family("code")
TOKEN = a_refresh_token(FAMILY)


@pytest.fixture
async def with_token(database: SqlDatabase) -> SqlDatabase:
    async with database.begin() as work:
        await work.families.add(FAMILY)
        await work.refresh_tokens.add(TOKEN)
        await work.commit()
    return database


async def test_a_token_is_found_with_its_family_and_every_field(with_token: SqlDatabase) -> None:
    async with with_token.read() as work:
        assert await work.refresh_tokens.find(TOKEN.token_hash) == (TOKEN, FAMILY)


async def test_an_unknown_token_is_not_found(with_token: SqlDatabase) -> None:
    async with with_token.read() as work:
        assert await work.refresh_tokens.find("unknown") is None


async def test_a_token_without_a_family_is_not_found(database: SqlDatabase) -> None:
    async with database.begin() as work:
        await work.refresh_tokens.add(TOKEN)
        await work.commit()
    async with database.read() as work:
        assert await work.refresh_tokens.find(TOKEN.token_hash) is None


async def test_a_rotation_is_stored_with_its_successor_and_time(with_token: SqlDatabase) -> None:
    assert await rotate(with_token, TOKEN.token_hash) is True
    async with with_token.read() as work:
        found = await work.refresh_tokens.find(TOKEN.token_hash)
    expected: RefreshToken = replace(
        TOKEN, status=Status.ROTATED, successor_hash="successor", rotated_at=NOW
    )
    assert found == (expected, FAMILY)


async def test_a_token_rotates_once(with_token: SqlDatabase) -> None:
    assert await rotate(with_token, TOKEN.token_hash) is True
    assert await rotate(with_token, TOKEN.token_hash) is False


async def test_an_unknown_token_does_not_rotate(with_token: SqlDatabase) -> None:
    assert await rotate(with_token, "unknown") is False


async def test_of_twenty_rotations_one_wins(with_token: SqlDatabase) -> None:
    results = await asyncio.gather(*(rotate(with_token, TOKEN.token_hash) for _ in range(20)))
    assert sorted(results) == [False] * 19 + [True]


async def test_of_twenty_rotations_in_two_processes_one_wins(
    url: str, with_token: SqlDatabase
) -> None:
    results = await race(url, *[("rotate", TOKEN.token_hash)] * 2)
    assert sorted(results) == [False] * 19 + [True]
    assert await rotate(with_token, TOKEN.token_hash) is False


async def test_a_rotation_that_is_not_committed_leaves_the_token_alive(
    with_token: SqlDatabase,
) -> None:
    async with with_token.begin() as work:
        assert await work.refresh_tokens.rotate(TOKEN.token_hash, "successor", NOW)
    assert await rotate(with_token, TOKEN.token_hash) is True
