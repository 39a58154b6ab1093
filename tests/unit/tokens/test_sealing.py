import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tokens.derivation import REFRESH_SUCCESSORS, SIGNING_KEYS_AT_REST, derive
from app.tokens.errors import KeyUnreadable
from app.tokens.sealing import Sealer
from app.tokens.signing_key import SigningKey

from .conftest import OTHER_SECRET, SECRET

KEY = SigningKey.generate("ES256")


def test_what_is_sealed_opens_with_the_same_secret() -> None:
    sealed = Sealer(SECRET).seal(KEY.kid, KEY.private_jwk)
    assert Sealer(SECRET).open(KEY.kid, sealed) == KEY.private_jwk


def test_the_private_key_does_not_show_in_what_is_sealed() -> None:
    sealed = Sealer(SECRET).seal(KEY.kid, KEY.private_jwk)
    assert str(KEY.private_jwk["d"]) not in sealed


def test_sealing_twice_gives_two_values() -> None:
    sealer = Sealer(SECRET)
    assert sealer.seal(KEY.kid, KEY.private_jwk) != sealer.seal(KEY.kid, KEY.private_jwk)


def test_what_the_previous_secret_sealed_still_opens() -> None:
    sealed = Sealer(OTHER_SECRET).seal(KEY.kid, KEY.private_jwk)
    assert Sealer(SECRET, OTHER_SECRET).open(KEY.kid, sealed) == KEY.private_jwk


def test_sealing_uses_the_current_secret_only() -> None:
    sealed = Sealer(SECRET, OTHER_SECRET).seal(KEY.kid, KEY.private_jwk)
    with pytest.raises(KeyUnreadable):
        Sealer(OTHER_SECRET).open(KEY.kid, sealed)


def test_another_secret_opens_nothing_and_the_error_says_what_to_set() -> None:
    sealed = Sealer(SECRET).seal(KEY.kid, KEY.private_jwk)
    with pytest.raises(KeyUnreadable, match=rf"{KEY.kid} does not open with HOLDFAST_SECRET_KEY"):
        Sealer(OTHER_SECRET).open(KEY.kid, sealed)


def test_a_key_moved_to_another_kid_s_row_does_not_open() -> None:
    sealed = Sealer(SECRET).seal(KEY.kid, KEY.private_jwk)
    with pytest.raises(KeyUnreadable):
        Sealer(SECRET).open("another kid", sealed)


@given(part=st.integers(0, 4), with_what=st.sampled_from(["", "AAAA", "!", "é"]))
def test_what_was_tampered_with_does_not_open(part: int, with_what: str) -> None:
    parts = Sealer(SECRET).seal(KEY.kid, KEY.private_jwk).split(".")
    parts[part] = with_what if parts[part] != with_what else "BBBB"
    with pytest.raises(KeyUnreadable):
        Sealer(SECRET).open(KEY.kid, ".".join(parts))


@given(garbage=st.text())
def test_what_was_never_sealed_does_not_open(garbage: str) -> None:
    with pytest.raises(KeyUnreadable):
        Sealer(SECRET).open(KEY.kid, garbage)


def test_each_purpose_has_a_key_of_its_own() -> None:
    assert derive(SIGNING_KEYS_AT_REST, SECRET, None) != derive(REFRESH_SUCCESSORS, SECRET, None)


def test_the_current_secret_s_key_comes_before_the_previous_one_s() -> None:
    both = derive(REFRESH_SUCCESSORS, SECRET, OTHER_SECRET)
    (current,) = derive(REFRESH_SUCCESSORS, SECRET, None)
    (previous,) = derive(REFRESH_SUCCESSORS, OTHER_SECRET, None)
    assert both == (current, previous)
