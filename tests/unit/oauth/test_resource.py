"""Resource indicators, RFC 8707."""

import pytest

from app.oauth import resource
from app.oauth.errors import InvalidScope, InvalidTarget
from app.oauth.ports import ResourceServer

API, FILES = "https://api.example/v1", "https://files.example"
DEFAULT = "https://as.example"
SCOPES = frozenset({"read", "write"})


def server(uri: str, *scopes: str, lifetime: int | None = None) -> ResourceServer:
    return ResourceServer(uri, uri, frozenset(scopes), lifetime)


def aim(*servers: ResourceServer, scopes: frozenset[str] = SCOPES) -> resource.Target:
    uris = [server.uri for server in servers]
    return resource.aim(uris, servers, scopes, default_audience=DEFAULT)


@pytest.mark.rfc("8707", "2")
@pytest.mark.parametrize(
    "uri", [API, "https://api.example", "https://h:8443/?q=1", "urn:example:api", "com.a:/b"]
)
def test_an_absolute_uri_is_taken(uri: str) -> None:
    assert resource.parse([uri]) == (uri,)


@pytest.mark.rfc("8707", "2")
@pytest.mark.parametrize(
    "uri",
    [
        "",
        "api",
        "/v1",
        "//api.example",
        "https:",
        "https://",
        "https:///v1",
        "https://api.example/#",
        "https://api.example/#x",
        "https://[::1",
        "https://a b",
        "1https://a",
        "https://a\n",
    ],
)
def test_what_is_no_absolute_uri_without_fragment_is_an_invalid_target(uri: str) -> None:
    with pytest.raises(InvalidTarget, match="absolute URI without fragment"):
        resource.parse([uri])


@pytest.mark.rfc("8707", "2")
def test_a_resource_named_twice_counts_once() -> None:
    assert resource.parse([API, FILES, API]) == (API, FILES)


def test_more_resources_than_are_looked_up_are_refused() -> None:
    with pytest.raises(InvalidTarget, match="at most 10"):
        resource.parse([f"https://{n}.example" for n in range(11)])


@pytest.mark.rfc("8707", "2")
def test_a_resource_that_is_not_registered_is_an_invalid_target() -> None:
    with pytest.raises(InvalidTarget, match=f"received also '{FILES}'"):
        resource.aim([API, FILES], [server(API), None], SCOPES, default_audience=DEFAULT)


@pytest.mark.rfc("8707", "2.2")
def test_a_token_request_may_name_some_of_the_granted_resources() -> None:
    assert resource.narrow([FILES], (API, FILES)) == (FILES,)


@pytest.mark.rfc("8707", "2.2")
def test_a_token_request_without_resource_gets_all_that_were_granted() -> None:
    assert resource.narrow([], (API, FILES)) == (API, FILES)


@pytest.mark.rfc("8707", "2.2")
@pytest.mark.parametrize("granted", [(), (API,)])
def test_a_resource_that_was_not_granted_is_an_invalid_target(granted: tuple[str, ...]) -> None:
    with pytest.raises(InvalidTarget, match=f"received '{FILES}'"):
        resource.narrow([FILES], granted)


@pytest.mark.rfc("8707", "2")
def test_a_grant_without_a_person_may_name_any_resource() -> None:
    assert resource.narrow([FILES], None) == (FILES,)


@pytest.mark.rfc("9068", "3")
def test_a_token_for_no_named_resource_has_the_default_audience() -> None:
    assert aim() == resource.Target((DEFAULT,), SCOPES)


@pytest.mark.rfc("9068", "3")
def test_the_audience_is_the_resources() -> None:
    assert aim(server(API), server(FILES)).audience == (API, FILES)


@pytest.mark.rfc("8707", "2.2")
def test_a_token_carries_only_scopes_that_its_resources_know() -> None:
    assert aim(server(API, "read", "admin")).scopes == {"read"}


@pytest.mark.rfc("8707", "2.2")
def test_several_resources_know_what_one_of_them_knows() -> None:
    assert aim(server(API, "read"), server(FILES, "write", "share")).scopes == SCOPES


@pytest.mark.rfc("8707", "2.2")
def test_a_resource_registered_without_scopes_knows_all() -> None:
    assert aim(server(API)).scopes == SCOPES


@pytest.mark.rfc("8707", "2.2")
def test_resources_that_know_none_of_the_scopes_are_an_invalid_scope() -> None:
    with pytest.raises(InvalidScope, match="know none of 'read write'"):
        aim(server(API, "share"))


def test_a_token_without_scopes_may_be_for_any_resource() -> None:
    assert aim(server(API, "share"), scopes=frozenset()).scopes == frozenset()


def test_the_shortest_lifetime_of_the_resources_counts() -> None:
    servers = server(API, lifetime=120), server(FILES, lifetime=60), server("urn:x")
    assert aim(*servers).lifetime == 60
