"""Scopes, RFC 6749 §3.3."""

import pytest

from app.oauth import scope
from app.oauth.errors import InvalidScope

ALLOWED = frozenset({"read", "write"})


@pytest.mark.rfc("6749", "3.3")
def test_a_scope_is_a_set_of_words() -> None:
    assert scope.parse("write read read") == {"read", "write"}


@pytest.mark.rfc("6749", "3.3")
@pytest.mark.parametrize(
    "value", ["", " ", "a  b", " a", "a ", "a\tb", 'a"b', "a\\b", "é", "a\x7f", "a\n"]
)
def test_a_scope_outside_the_grammar_is_refused(value: str) -> None:
    with pytest.raises(InvalidScope):
        scope.parse(value)


@pytest.mark.rfc("6749", "3.3")
def test_every_character_of_the_grammar_is_taken() -> None:
    token = "".join(chr(c) for c in range(0x21, 0x7F) if chr(c) not in '"\\')
    assert scope.parse(token) == {token}


@pytest.mark.rfc("6749", "3.3")
def test_equal_scopes_read_the_same() -> None:
    assert scope.render({"write", "read"}) == "read write"


@pytest.mark.rfc("6749", "3.3")
def test_a_request_without_scope_gets_all_that_is_allowed() -> None:
    assert scope.narrow(None, ALLOWED) == ALLOWED


@pytest.mark.rfc("6749", "6")
def test_a_request_may_ask_for_less() -> None:
    assert scope.narrow("read", ALLOWED) == {"read"}


@pytest.mark.rfc("6749", "5.2")
def test_a_scope_beyond_what_is_allowed_is_refused_and_named() -> None:
    with pytest.raises(InvalidScope, match="at most 'read write', received also 'admin'"):
        scope.narrow("read admin", ALLOWED)
