"""The registered types of authorization details."""

import pytest

from app.oauth.details_type import DetailsType
from app.storage.database import SqlDatabase

SCHEMA = {"type": "object", "properties": {"ü": {"enum": [1, 2.5, None, True, "x"]}, "a": {}}}
PAYMENT = DetailsType("payment", "Make a payment", SCHEMA, "https://api.example", ask_always=True)
PLAIN = DetailsType("https://example.com/a", "Łódź", {"type": "object", "properties": {}})


async def add(database: SqlDatabase, new: DetailsType) -> bool:
    async with database.begin() as work:
        added = await work.details_types.add(new)
        await work.commit()
    return added


@pytest.mark.parametrize("found", [PAYMENT, PLAIN], ids=lambda found: found.type)
async def test_a_type_is_found_with_every_field(database: SqlDatabase, found: DetailsType) -> None:
    assert await add(database, found) is True
    assert await database.details_types.find(found.type) == found


@pytest.mark.parametrize("name", ["Payment", "payment ", "", "a\0", "\ud900"])
async def test_a_type_is_found_by_its_exact_name_only(database: SqlDatabase, name: str) -> None:
    await add(database, PAYMENT)
    assert await database.details_types.find(name) is None


async def test_a_name_is_taken_once(database: SqlDatabase) -> None:
    await add(database, PAYMENT)
    assert await add(database, DetailsType("payment", "Another", {})) is False
    assert await database.details_types.find("payment") == PAYMENT


async def test_types_are_listed_by_name(database: SqlDatabase) -> None:
    await add(database, PAYMENT)
    await add(database, PLAIN)
    assert await database.details_types.list() == [PLAIN, PAYMENT]


async def test_a_type_is_deleted_once(database: SqlDatabase) -> None:
    await add(database, PAYMENT)
    async with database.begin() as work:
        assert await work.details_types.delete(PAYMENT.type) is True
        assert await work.details_types.delete(PAYMENT.type) is False
        assert await work.details_types.delete("a\0") is False
        await work.commit()
    assert await database.details_types.list() == []
