"""Signing keys at rest."""

import asyncio

import pytest

from app.storage.database import SqlDatabase
from app.storage.keys import StoredKey
from tests.builders import NOW

from .processes import race


async def add(database: SqlDatabase, kid: str, state: str = "next", at: float = NOW) -> None:
    await database.keys.add(
        kid=kid,
        alg="ES256",
        state=state,
        public_jwk='{"kid":1}',
        sealed_private_jwk=f"sealed {kid}",
        at=at,
    )


async def states(database: SqlDatabase) -> dict[str, str]:
    return {key.kid: key.state for key in await database.keys.list()}


async def test_a_key_is_listed_with_every_field(database: SqlDatabase) -> None:
    await add(database, "k1")
    expected = StoredKey("k1", "ES256", "next", '{"kid":1}', "sealed k1", NOW, None, None)
    assert await database.keys.list() == [expected]


async def test_a_key_that_starts_active_is_activated_at_its_birth(database: SqlDatabase) -> None:
    await add(database, "k1", "active")
    (key,) = await database.keys.list()
    assert (key.state, key.created_at, key.activated_at) == ("active", NOW, NOW)


async def test_keys_are_listed_the_oldest_first(database: SqlDatabase) -> None:
    await add(database, "a", at=NOW + 1)
    await add(database, "b", at=NOW)
    assert [key.kid for key in await database.keys.list()] == ["b", "a"]


async def test_a_second_active_key_is_not_added(database: SqlDatabase) -> None:
    await add(database, "k1", "active")
    await add(database, "k2", "active")
    assert await states(database) == {"k1": "active"}


async def test_of_replicas_that_start_at_once_one_makes_the_key(database: SqlDatabase) -> None:
    await asyncio.gather(*(add(database, f"k{n}", "active") for n in range(20)))
    assert list((await states(database)).values()) == ["active"]


async def test_activating_retires_the_active_key(database: SqlDatabase) -> None:
    await add(database, "k1", "active")
    await add(database, "k2")
    assert await database.keys.activate("k2", NOW + 9) is True
    old, new = await database.keys.list()
    assert (old.state, old.activated_at, old.retired_at) == ("retired", NOW, NOW + 9)
    assert (new.state, new.activated_at, new.retired_at) == ("active", NOW + 9, None)


@pytest.mark.parametrize("kid", ["active", "retired", "revoked", "unknown"])
async def test_only_a_next_key_is_activated(database: SqlDatabase, kid: str) -> None:
    await add(database, "retired", "active")
    await add(database, "active")
    await database.keys.activate("active", NOW)
    await add(database, "revoked")
    await database.keys.revoke("revoked", NOW)
    before = await database.keys.list()
    assert await database.keys.activate(kid, NOW + 9) is False
    assert await database.keys.list() == before


async def test_of_rotations_at_once_each_leaves_one_active_key(database: SqlDatabase) -> None:
    await add(database, "k0", "active")
    for kid in ("k1", "k2", "k3", "k4"):
        await add(database, kid)
    activate = database.keys.activate
    results = await asyncio.gather(*(activate(f"k{n % 4 + 1}", NOW) for n in range(20)))
    assert sorted(results) == [False] * 16 + [True] * 4
    assert sorted((await states(database)).values()) == ["active"] + ["retired"] * 4


async def test_between_processes_one_rotation_wins(url: str, database: SqlDatabase) -> None:
    await add(database, "k0", "active")
    await add(database, "k1")
    results = await race(url, *[("activate", "k1")] * 2)
    assert sorted(results) == [False] * 19 + [True]
    assert await states(database) == {"k0": "retired", "k1": "active"}


async def test_a_revoked_key_makes_room_for_another(database: SqlDatabase) -> None:
    await add(database, "k1", "active")
    assert await database.keys.revoke("k1", NOW + 9) is True
    assert await database.keys.revoke("k1", NOW + 10) is False
    assert await database.keys.revoke("unknown", NOW) is False
    await add(database, "k2", "active")
    assert await states(database) == {"k1": "revoked", "k2": "active"}
    assert (await database.keys.list())[0].retired_at == NOW + 9


async def test_resealing_changes_the_sealed_half_only(database: SqlDatabase) -> None:
    await add(database, "k1")
    await database.keys.reseal("k1", "sealed again")
    expected = StoredKey("k1", "ES256", "next", '{"kid":1}', "sealed again", NOW)
    assert await database.keys.list() == [expected]
