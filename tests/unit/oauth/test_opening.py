"""The mark that travels with a request that was opened."""

import pytest

from app.oauth.opening import LIFETIME, Opening, unseal
from tests.builders import NOW

SECRET = b"s" * 32
REQUEST = "urn:ietf:params:oauth:request_uri:hf_ru_x"
OPENINGS = [Opening(NOW, None), Opening(NOW + 0.123456, NOW - 3.5), Opening(NOW, 0.0)]


@pytest.mark.parametrize("opening", OPENINGS)
def test_a_mark_says_what_was_sealed(opening: Opening) -> None:
    mark = opening.seal(SECRET, REQUEST)
    assert unseal(mark, SECRET, REQUEST, NOW + 1) == opening


def test_a_mark_needs_no_encoding_in_a_query() -> None:
    mark = Opening(NOW, NOW - 1.5).seal(SECRET, REQUEST)
    assert set(mark) <= set("0123456789.~-_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def test_a_mark_is_good_for_half_an_hour() -> None:
    mark = Opening(NOW, None).seal(SECRET, REQUEST)
    assert unseal(mark, SECRET, REQUEST, NOW + LIFETIME - 0.001)
    assert unseal(mark, SECRET, REQUEST, NOW + LIFETIME) is None


def test_a_mark_is_good_for_its_own_request() -> None:
    mark = Opening(NOW, None).seal(SECRET, REQUEST)
    assert unseal(mark, SECRET, REQUEST + "y", NOW) is None


def test_a_mark_of_another_secret_is_worth_nothing() -> None:
    mark = Opening(NOW, None).seal(b"t" * 32, REQUEST)
    assert unseal(mark, SECRET, REQUEST, NOW) is None


@pytest.mark.parametrize("position", range(0, 60, 7))
def test_a_changed_mark_is_worth_nothing(position: int) -> None:
    mark = Opening(NOW, NOW - 1).seal(SECRET, REQUEST)
    changed = mark[:position] + ("0" if mark[position] != "0" else "1") + mark[position + 1 :]
    assert unseal(changed, SECRET, REQUEST, NOW) is None


@pytest.mark.parametrize("mark", [None, "", "~", "~~", "x", "1~2~", "nan~-~x", "é~é~é"])
def test_what_is_no_mark_is_worth_nothing(mark: str | None) -> None:
    assert unseal(mark, SECRET, REQUEST, NOW) is None


def test_only_a_sign_in_made_since_satisfies() -> None:
    assert Opening(NOW, None).is_satisfied_by(NOW + 1)
    assert Opening(NOW, NOW - 9).is_satisfied_by(NOW + 1)
    assert not Opening(NOW, NOW - 9).is_satisfied_by(NOW - 9)
