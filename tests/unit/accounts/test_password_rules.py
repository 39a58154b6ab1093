"""Which new passwords are taken."""

import pytest

from app.accounts.errors import PasswordRefused
from app.accounts.password_rules import MIN_LENGTH, check

EMAIL = "ada.lovelace@people.example"


def is_taken(password: str) -> bool:
    try:
        check(password, email=EMAIL)
    except PasswordRefused:
        return False
    return True


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "fifteen letters"[:15],
        "пароль из нескольких слов",
        "all lower case and no digits",
        "x9" * 5 + "abc" * 82,
    ],
)
def test_a_long_password_is_taken_whatever_it_is_made_of(password: str) -> None:
    assert is_taken(password)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "0 characters"),
        ("Tr0ub4dor&3!!", "at least 15"),
        ("fourteen chars", "at least 15"),
        ("correct horse " * 20, "more than 256"),
        ("correct horse\nbattery staple", "cannot be typed"),
        ("correct horse \ud800 battery", "cannot be typed"),
        ("aaaaaaaaaaaaaaaaaaaa", "repeats"),
        ("abababababababababab", "repeats"),
        ("123456789012345", "repeats"),
        ("abcdefghijklmnopqrs", "repeats"),
        ("ada.lovelace@people.example", "address"),
        ("Ada.LovelaceAda.Lovelace", "address"),
    ],
)
def test_a_password_that_is_short_or_expected_is_refused(password: str, reason: str) -> None:
    with pytest.raises(PasswordRefused, match=reason):
        check(password, email=EMAIL)


def test_characters_are_counted_after_normalization() -> None:
    with_ligatures = "\ufb01sh and \ufb02owers"
    assert len(with_ligatures) < MIN_LENGTH
    assert is_taken(with_ligatures)
