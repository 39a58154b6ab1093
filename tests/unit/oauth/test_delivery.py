"""How an authorization request comes, and which ways are open to a client."""

import dataclasses

import pytest

from app.oauth.client import AuthMethod, Client
from app.oauth.delivery import Delivery, Way, check, check_signed, is_plain, read
from app.oauth.errors import InvalidRequest
from app.oauth.interaction import after_sign_in, travelling
from app.oauth.par import PREFIX, key_of, new_request_uri

CLIENT = Client(client_id="client", client_name="A client", auth_method=AuthMethod.NONE)
URI = new_request_uri()
PLAIN = [("client_id", "client"), ("scope", "read"), ("prompt", "login"), ("max_age", "1")]
OBJECT = [("client_id", "client"), ("request", "a.b.c"), ("opened", "mark")]
PUSHED = [("client_id", "client"), ("request_uri", URI), ("opened", "mark")]


def test_plain_parameters_are_a_request() -> None:
    assert read(PLAIN) == Delivery(Way.PLAIN, "client")


@pytest.mark.rfc("9101", "5")
def test_a_request_object_is_a_request() -> None:
    assert read([*OBJECT, ("scope", "read")]) == Delivery(Way.OBJECT, "client", "a.b.c", "mark")


@pytest.mark.rfc("9126", "4")
def test_the_uri_of_a_pushed_request_is_a_request() -> None:
    assert read([*PUSHED, ("scope", "read")]) == Delivery(Way.PUSHED, "client", URI, "mark")


def test_the_uri_of_another_host_makes_no_request() -> None:
    pairs = [*PLAIN, ("request_uri", "https://client.example/object")]
    assert read(pairs).way is Way.PLAIN


@pytest.mark.parametrize(
    "pairs",
    [
        pytest.param(PUSHED[1:], id="no client_id"),
        pytest.param([*PUSHED, ("request", "a.b.c")], id="both"),
        pytest.param([*PUSHED, ("request_uri", URI)], id="request_uri twice"),
        pytest.param([*OBJECT, ("request", "a.b.c")], id="request twice"),
        pytest.param([*OBJECT, ("client_id", "other")], id="client_id twice"),
        pytest.param([("client_id", "client"), ("request", "x" * 8193)], id="too long"),
    ],
)
def test_what_cannot_be_told_apart_is_refused(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidRequest):
        read(pairs)


def test_an_empty_parameter_is_as_good_as_none() -> None:
    assert read([*PLAIN, ("request", ""), ("request_uri", "")]).way is Way.PLAIN
    assert is_plain([*PLAIN, ("request", "")])


@pytest.mark.rfc("9126", "6")
@pytest.mark.parametrize("way", [Way.PLAIN, Way.OBJECT])
def test_where_par_is_required_nothing_else_is_taken(way: Way) -> None:
    bound = dataclasses.replace(CLIENT, require_pushed_authorization_requests=True)
    with pytest.raises(InvalidRequest, match="/par"):
        check(way, bound, require_par=False)
    with pytest.raises(InvalidRequest, match="/par"):
        check(way, CLIENT, require_par=True)
    check(way, CLIENT, require_par=False)


@pytest.mark.rfc("9101", "10.5")
def test_where_a_signature_is_required_plain_parameters_are_not_taken() -> None:
    bound = dataclasses.replace(CLIENT, require_signed_request_object=True)
    with pytest.raises(InvalidRequest, match="signed"):
        check(Way.PLAIN, bound, require_par=False)
    with pytest.raises(InvalidRequest, match="signed"):
        check_signed(bound)
    check(Way.OBJECT, bound, require_par=False)
    check(Way.PUSHED, bound, require_par=True)


@pytest.mark.parametrize("pairs", [OBJECT, PUSHED])
def test_only_what_leads_back_to_the_request_travels(pairs: list[tuple[str, str]]) -> None:
    front = [("scope", "write"), ("state", "x"), ("prompt", "login")]
    assert travelling([*pairs, *front]) == pairs
    assert after_sign_in([*pairs, *front]) == pairs


def test_a_delivery_travels_with_its_mark() -> None:
    assert read(PUSHED).travelling("new") == [*PUSHED[:2], ("opened", "new")]
    assert read(OBJECT).travelling("new") == [*OBJECT[:2], ("opened", "new")]


@pytest.mark.rfc("9126", "2.2")
def test_a_request_uri_is_a_urn_that_cannot_be_guessed() -> None:
    assert URI.startswith(PREFIX)
    assert new_request_uri() != URI
    assert key_of(URI) not in URI
    assert len(key_of(URI)) == 43
