"""Authorization details in the words that people read."""

from typing import Any

import pytest

from app.oauth.details_type import DetailsType
from app.web.details import shown

TITLED: dict[str, Any] = {
    "properties": {
        "amount": {"title": "How much", "properties": {"eur": {"title": "Euros"}}},
        "items": {"items": {"properties": {"n": {"title": "Count"}}}},
    }
}


def facts(schema: object = None, **fields: Any) -> list[tuple[str, list[str]]]:
    found = DetailsType("t", "A type", schema or {})  # type: ignore[arg-type]  # also what is none
    [one] = shown(({"type": "t", **fields},), {"t": found})
    assert one.name == "A type"
    return one.facts


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("creditorName", "Creditor name"),
        ("days_back", "Days back"),
        ("valid-until", "Valid until"),
        ("IBAN", "Iban"),
        ("_", "_"),
        ("actions", "Actions"),
        ("datatypes", "Kinds of data"),
        ("identifier", "Which one"),
        ("locations", "Where"),
        ("privileges", "Rights"),
    ],
)
def test_a_label_is_made_of_the_name(name: str, label: str) -> None:
    assert facts(**{name: "x"}) == [(label, ["x"])]


def test_a_title_is_the_label_at_every_level() -> None:
    assert facts(TITLED, amount={"eur": 5}) == [("How much: Euros", ["5"])]
    assert facts(TITLED, items=[{"n": 1}, {"n": 2}]) == [
        ("Items 1: Count", ["1"]),
        ("Items 2: Count", ["2"]),
    ]


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        (True, ["yes"]),
        (False, ["no"]),
        (None, ["none"]),
        ("", ["none"]),
        ([], ["none"]),
        ({}, ["none"]),
        (0, ["0"]),
        (1.5, ["1.5"]),
        (["a", 2, False], ["a", "2", "no"]),
    ],
)
def test_every_value_can_be_read(value: object, texts: list[str]) -> None:
    assert facts(a=value) == [("A", texts)]


def test_nothing_is_left_out() -> None:
    assert facts(a=[[1, 2], {"b": 3}]) == [("A 1", ["1", "2"]), ("A 2: B", ["3"])]


@pytest.mark.parametrize("schema", [{"properties": {"a": True}}, {"properties": []}, {"x": 1}])
def test_a_schema_that_says_nothing_of_a_field_is_no_obstacle(schema: object) -> None:
    assert facts(schema, a=1) == [("A", ["1"])]


def test_a_type_that_is_registered_no_more_is_shown_by_its_name() -> None:
    assert shown(({"type": "gone", "a": 1},), {})[0].name == "gone"
