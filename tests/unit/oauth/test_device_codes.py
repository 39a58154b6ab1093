"""The codes of devices, as values (RFC 8628 §6.1)."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.oauth.device.codes import ALPHABET, fingerprint, key_of, new_user_code, normalised

OTHERS = "".join(set(string.printable) - set(ALPHABET) - set(ALPHABET.lower()))


@pytest.mark.rfc("8628", "6.1")
def test_the_letters_are_twenty_without_vowels_and_digits() -> None:
    assert len(set(ALPHABET)) == 20
    assert not set(ALPHABET) & set("AEIOUY" + string.digits)


@pytest.mark.rfc("8628", "6.1")
def test_a_user_code_means_itself() -> None:
    for _ in range(100):
        user_code = new_user_code()
        assert normalised(user_code) == user_code


@pytest.mark.rfc("8628", "6.1")
@given(st.text(ALPHABET, min_size=8, max_size=8), st.data())
def test_whatever_is_no_letter_of_it_does_not_matter(letters: str, data: st.DataObject) -> None:
    between = data.draw(st.lists(st.text(OTHERS), min_size=9, max_size=9))
    cased = "".join(data.draw(st.sampled_from([each, each.lower()])) for each in letters)
    typed = between[0] + "".join(map("".join, zip(cased, between[1:], strict=True)))
    assert normalised(typed) == f"{letters[:4]}-{letters[4:]}"


@given(st.text())
def test_any_text_is_a_user_code_or_none(typed: str) -> None:
    meant = normalised(typed)
    assert meant is None or normalised(meant) == meant


@given(st.text(ALPHABET).filter(lambda letters: len(letters) != 8))
def test_too_few_or_too_many_letters_are_no_user_code(letters: str) -> None:
    assert normalised(letters) is None


def test_a_user_code_goes_by_a_hash() -> None:
    assert key_of("BBBB-BBBB") != key_of("BBBB-BBBC")
    assert "BBBB" not in key_of("BBBB-BBBB")


def test_a_fingerprint_tells_clients_and_keys_apart() -> None:
    prints = {fingerprint(client, jkt) for client in ("a", "b") for jkt in (None, "k", "l")}
    assert len(prints) == 6
