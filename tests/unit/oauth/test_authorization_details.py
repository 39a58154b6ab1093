"""The form of authorization details, and what is no more than what (RFC 9396), for any input."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.oauth.authorization_details import (
    MAX_BYTES,
    MAX_OBJECTS,
    Details,
    canonical,
    narrow,
    parse,
    pointer,
    same,
)
from app.oauth.errors import InvalidAuthorizationDetails

WORDS = st.sampled_from(["read", "write", "list", "all"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
OBJECTS = st.fixed_dictionaries(
    {"type": st.sampled_from(["a", "b"])},
    optional={
        "actions": st.lists(WORDS, min_size=1, unique=True),
        "locations": st.lists(WORDS, min_size=1, unique=True),
        "n": st.sampled_from([1, 1.0, True, "1", None]),
    },
)
DETAILS = st.lists(OBJECTS, min_size=1, max_size=4).map(tuple)


def without_order(details: Details) -> Details:
    """Sort the arrays, whose order means nothing to what is granted."""
    return tuple(
        {name: sorted(value) if isinstance(value, list) else value for name, value in each.items()}
        for each in details
    )


def is_narrower(wanted: Details, granted: Details) -> bool:
    try:
        return narrow(wanted, granted) == wanted
    except InvalidAuthorizationDetails:
        return False


@given(st.text() | VALUES.map(json.dumps) | st.lists(VALUES | OBJECTS).map(json.dumps))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        details = parse(text)
    except InvalidAuthorizationDetails:
        return
    assert 0 < len(details) <= MAX_OBJECTS
    assert len(text.encode()) <= MAX_BYTES
    assert all(isinstance(each["type"], str) for each in details)
    # What was read can be stored, signed and read again.
    assert same(parse(canonical(list(details))), details)


@given(DETAILS)
def test_all_that_was_granted_is_no_more_than_that(details: Details) -> None:
    assert is_narrower(details, details)
    assert is_narrower(details[::-1], details)


@given(DETAILS, DETAILS)
def test_what_is_no_more_both_ways_is_the_same_but_for_order(one: Details, two: Details) -> None:
    if is_narrower(one, two) and is_narrower(two, one):
        assert same(without_order(one), without_order(two))


@given(DETAILS, DETAILS, DETAILS)
def test_no_more_than_less_is_no_more_than_all(one: Details, two: Details, all_: Details) -> None:
    if is_narrower(one, two) and is_narrower(two, all_):
        assert is_narrower(one, all_)


@given(DETAILS, DETAILS)
def test_more_objects_than_were_granted_are_never_less(one: Details, two: Details) -> None:
    assert not is_narrower((*one, *two, *two), (*one, *two))


@pytest.mark.parametrize("other", [1.0, True, "1"])
def test_values_that_python_takes_for_equal_are_not(other: Any) -> None:
    assert not same(({"type": "a", "n": 1},), ({"type": "a", "n": other},))
    assert not is_narrower(({"type": "a", "n": 1},), ({"type": "a", "n": other},))


def test_the_order_of_members_and_objects_means_nothing() -> None:
    assert same(({"a": 1, "b": 2}, {"c": 3}), ({"c": 3}, {"b": 2, "a": 1}))


def test_a_pointer_escapes_what_it_must() -> None:
    assert pointer(0, "a/b", "c~d") == "/0/a~1b/c~0d"
    assert pointer() == ""
