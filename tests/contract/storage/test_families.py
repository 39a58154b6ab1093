"""Token families: the tombstone of a code, whichever of its two ends comes first."""

import asyncio
from dataclasses import replace

import pytest

from app.oauth.token_family import Status, TokenFamily
from app.storage.database import SqlDatabase

from .processes import race
from .values import a_family
from .worker import add_family, condemn


async def stored(database: SqlDatabase, family: TokenFamily) -> TokenFamily | None:
    async with database.read() as work:
        return await work.families.find(family.family_id)


async def add(database: SqlDatabase, family: TokenFamily) -> Status | None:
    async with database.begin() as work:
        status = await work.families.add(family)
        await work.commit()
    return status


async def test_a_new_family_lives_and_is_found_with_every_field(database: SqlDatabase) -> None:
    family = a_family()
    assert await add(database, family) is Status.ACTIVE
    assert await stored(database, family) == family
    async with database.read() as work:
        assert await work.families.find_by_code(str(family.code_hash)) == family


async def test_unknown_families_are_not_found(database: SqlDatabase) -> None:
    async with database.read() as work:
        assert await work.families.find("fam_x") is None
        assert await work.families.find_by_code("x") is None


async def test_a_second_family_of_one_code_is_refused_and_changes_nothing(
    database: SqlDatabase,
) -> None:
    family = a_family("code")
    await add(database, family)
    assert await add(database, a_family("code", user_id="usr_mallory")) is None
    assert await stored(database, family) == family


async def test_a_second_family_of_one_code_is_refused_after_revocation_too(
    database: SqlDatabase,
) -> None:
    await add(database, a_family("code"))
    assert await condemn(database, "code")
    assert await add(database, a_family("code")) is None


async def test_families_without_a_code_do_not_exclude_each_other(database: SqlDatabase) -> None:
    for name in ("fam_1", "fam_2"):
        family = a_family(family_id=name, code_hash=None, code_fingerprint=None)
        assert await add(database, family) is Status.ACTIVE


async def test_a_mark_left_first_revokes_the_family_at_its_birth(database: SqlDatabase) -> None:
    assert await condemn(database, "code")
    family = a_family("code", client_id="cli", user_id="usr_bob", scopes=frozenset({"x"}), jkt=None)
    assert await add(database, family) is Status.REVOKED
    assert await stored(database, family) == replace(family, status=Status.REVOKED)


async def test_a_family_born_on_a_mark_is_the_only_one(database: SqlDatabase) -> None:
    await condemn(database, "code")
    await add(database, a_family("code"))
    assert await add(database, a_family("code")) is None


async def test_a_mark_is_left_once(database: SqlDatabase) -> None:
    assert await condemn(database, "code") is True
    assert await condemn(database, "code") is False


async def test_condemning_a_living_family_revokes_it_and_keeps_its_fields(
    database: SqlDatabase,
) -> None:
    family = a_family("code")
    await add(database, family)
    async with database.begin() as work:
        assert await work.families.condemn(a_family("code", user_id="usr_mallory")) is True
        await work.commit()
    assert await stored(database, family) == replace(family, status=Status.REVOKED)
    assert await condemn(database, "code") is False


async def test_revoking_says_whether_the_family_was_alive(database: SqlDatabase) -> None:
    family = a_family()
    await add(database, family)
    async with database.begin() as work:
        assert await work.families.revoke(family.family_id) is True
        assert await work.families.revoke(family.family_id) is False
        assert await work.families.revoke("fam_x") is False
        await work.commit()
    assert await stored(database, family) == replace(family, status=Status.REVOKED)


@pytest.mark.parametrize(
    ("whose", "revoked"),
    [
        ({"client_id": "spa"}, 2),
        ({"user_id": "usr_alice"}, 2),
        ({"client_id": "spa", "user_id": "usr_alice"}, 1),
    ],
)
async def test_all_living_families_of_a_client_or_user_end_together(
    database: SqlDatabase, whose: dict[str, str], revoked: int
) -> None:
    for changes in ({}, {"client_id": "other"}, {"user_id": "usr_bob"}):
        await add(database, a_family(**changes))
    async with database.begin() as work:
        assert await work.families.revoke_all(**whose) == revoked
        assert await work.families.revoke_all(**whose) == 0


async def test_revoking_all_of_nobody_is_a_mistake(database: SqlDatabase) -> None:
    async with database.begin() as work:
        with pytest.raises(ValueError, match="client, a user or both"):
            await work.families.revoke_all()


async def test_of_twenty_redemptions_of_one_code_one_gives_a_family(database: SqlDatabase) -> None:
    results = await asyncio.gather(*(add_family(database, "code") for _ in range(20)))
    assert sorted(map(str, results)) == ["None"] * 19 + ["active"]


@pytest.mark.parametrize("attempt", range(5))
async def test_a_replay_beside_the_redemption_ends_in_a_revoked_family(
    database: SqlDatabase, attempt: int
) -> None:
    code = f"code {attempt}"
    results = await asyncio.gather(
        *(action(database, code) for action in (add_family, condemn) * 5)
    )
    assert len([status for status in results[::2] if status is not None]) == 1
    found = await stored(database, a_family(code))
    assert found == replace(a_family(code), status=Status.REVOKED)


async def test_between_processes_one_code_gives_one_family(url: str) -> None:
    results = await race(url, *[("add_family", "code")] * 2)
    assert sorted(map(str, results)) == ["None"] * 19 + ["active"]


async def test_between_processes_a_replay_beside_the_redemption_ends_revoked(
    url: str, database: SqlDatabase
) -> None:
    await race(url, ("add_family", "code"), ("condemn", "code"))
    found = await stored(database, a_family("code"))
    assert found == replace(a_family("code"), status=Status.REVOKED)
