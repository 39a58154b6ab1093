import re

from hypothesis import given
from hypothesis import strategies as st

from app.credentials import digest
from app.oauth.ports import RefreshTokens
from app.tokens.refresh_tokens import ChainedRefreshTokens

from .conftest import OTHER_SECRET, SECRET

FORM = re.compile(r"hf_rt_[A-Za-z0-9_-]{43}")
values = st.text(min_size=1, max_size=60)


def successor(presented: str, salt: str, secret: bytes = SECRET) -> str:
    value = ChainedRefreshTokens(secret).successor(presented, salt)
    assert value is not None
    return value


def test_first_values_are_random_and_carry_their_prefix() -> None:
    tokens: RefreshTokens = ChainedRefreshTokens(SECRET)
    firsts = {tokens.first() for _ in range(100)}
    assert len(firsts) == 100
    assert all(FORM.fullmatch(value) for value in firsts)


@given(presented=values, salt=values)
def test_a_successor_has_the_form_of_every_refresh_token(presented: str, salt: str) -> None:
    assert FORM.fullmatch(successor(presented, salt))


@given(presented=values, salt=values)
def test_a_retry_gets_the_same_successor_from_any_replica(presented: str, salt: str) -> None:
    assert successor(presented, salt) == successor(presented, salt)


@given(presented=values, salts=st.lists(values, min_size=2, max_size=2, unique=True))
def test_another_salt_gives_another_successor(presented: str, salts: list[str]) -> None:
    assert successor(presented, salts[0]) != successor(presented, salts[1])


@given(both=st.lists(values, min_size=2, max_size=2, unique=True), salt=values)
def test_another_token_gives_another_successor(both: list[str], salt: str) -> None:
    assert successor(both[0], salt) != successor(both[1], salt)


@given(text=st.text(alphabet="abc", min_size=3, max_size=20))
def test_token_and_salt_do_not_run_into_one_another(text: str) -> None:
    assert successor(text[:1], text[1:]) != successor(text[:2], text[2:])


@given(presented=values, salt=values)
def test_without_the_deployment_s_secret_the_successor_cannot_be_told(
    presented: str, salt: str
) -> None:
    assert successor(presented, salt) != successor(presented, salt, OTHER_SECRET)


def test_a_successor_is_found_again_by_its_hash() -> None:
    value = successor("token", "salt")
    assert ChainedRefreshTokens(SECRET).successor("token", "salt", digest(value)) == value


def test_a_successor_made_under_the_previous_secret_is_found_by_its_hash() -> None:
    value = successor("token", "salt", OTHER_SECRET)
    tokens = ChainedRefreshTokens(SECRET, OTHER_SECRET)
    assert tokens.successor("token", "salt", digest(value)) == value


def test_a_new_successor_is_made_under_the_current_secret() -> None:
    tokens = ChainedRefreshTokens(SECRET, OTHER_SECRET)
    assert tokens.successor("token", "salt") == successor("token", "salt")


def test_a_successor_that_no_known_secret_made_is_none() -> None:
    value = successor("token", "salt", OTHER_SECRET)
    assert ChainedRefreshTokens(SECRET).successor("token", "salt", digest(value)) is None
