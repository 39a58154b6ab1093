"""Parameters: start from a valid form, break one thing."""

import pytest

from app.oauth.errors import InvalidRequest
from app.oauth.parameters import LIMITS, Parameters

VALID = [("grant_type", "client_credentials"), ("scope", "read write")]


@pytest.mark.rfc("6749", "3.2")
def test_a_parameter_is_read_by_its_name() -> None:
    assert Parameters.parse(VALID).get("scope") == "read write"


@pytest.mark.rfc("6749", "3.2")
@pytest.mark.parametrize("second", ["read write", "other", ""])
def test_a_parameter_sent_twice_is_refused(second: str) -> None:
    with pytest.raises(InvalidRequest, match="expected scope once, received it 2 times"):
        Parameters.parse([*VALID, ("scope", second)])


@pytest.mark.rfc("6749", "3.2")
def test_an_unknown_parameter_sent_twice_is_refused_too() -> None:
    with pytest.raises(InvalidRequest, match="vendor"):
        Parameters.parse([*VALID, ("vendor", "a"), ("vendor", "b")])


@pytest.mark.rfc("8707", "2")
def test_resource_may_be_repeated() -> None:
    pairs = [("resource", "https://a.example"), ("resource", "https://b.example")]
    assert Parameters.parse(pairs).all("resource") == ("https://a.example", "https://b.example")


@pytest.mark.rfc("6749", "3.2")
def test_a_parameter_without_a_value_counts_as_omitted() -> None:
    assert Parameters.parse([("scope", "")]).get("scope") is None


@pytest.mark.rfc("8707", "2")
def test_an_empty_resource_beside_others_counts_as_omitted() -> None:
    pairs = [("resource", ""), ("resource", "https://b.example")]
    assert Parameters.parse(pairs).all("resource") == ("https://b.example",)


@pytest.mark.rfc("6749", "3.2")
@pytest.mark.parametrize("value", ["x", "\x00\ud800é", "x" * 60_000])
def test_an_unknown_parameter_is_ignored_whatever_it_holds(value: str) -> None:
    assert Parameters.parse([*VALID, ("vendor", value)]) == Parameters.parse(VALID)


@pytest.mark.rfc("6749", "A")
@pytest.mark.parametrize("character", ["\x00", "\n", "\x1f", "\x7f", "é", "\ud800"])
def test_a_character_outside_vschar_is_refused(character: str) -> None:
    with pytest.raises(InvalidRequest, match="Appendix A"):
        Parameters.parse([("state", f"a{character}b")])


@pytest.mark.rfc("6749", "A")
def test_what_people_write_may_hold_any_letter() -> None:
    assert Parameters.parse([("login_hint", "Zoë")]).get("login_hint") == "Zoë"


@pytest.mark.rfc("6749", "A")
@pytest.mark.parametrize("character", ["\x00", "\r", "\n", "\ud800"])
def test_what_people_write_holds_no_control_characters(character: str) -> None:
    with pytest.raises(InvalidRequest, match="login_hint"):
        Parameters.parse([("login_hint", f"a{character}")])


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_a_value_over_the_limit_of_its_parameter_is_refused(name: str) -> None:
    longest = "a" * LIMITS[name]
    assert Parameters.parse([(name, longest)]).all(name) == (longest,)
    with pytest.raises(InvalidRequest, match=f"{name} is .* characters long"):
        Parameters.parse([(name, longest + "a")])


@pytest.mark.rfc("6749", "5.2")
def test_a_required_parameter_that_is_missing_is_named() -> None:
    with pytest.raises(InvalidRequest, match="the parameter code is missing"):
        Parameters.parse(VALID).require("code")


def test_asking_for_a_parameter_that_is_always_ignored_is_a_mistake_of_ours() -> None:
    with pytest.raises(LookupError, match="vendor"):
        Parameters.parse([("vendor", "x")]).get("vendor")
