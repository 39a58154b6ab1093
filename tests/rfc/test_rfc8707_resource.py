"""RFC 8707, resource indicators, at the token endpoint over HTTP."""

import dataclasses

import httpx
import pytest

from app.oauth.ports import ResourceServer
from tests.answers import issued, refused
from tests.builders import ISSUER, DpopKey
from tests.conftest import Start
from tests.harness import API, FILES, SECRET, SPA, WEB, Server, given
from tests.unit.oauth.token_server import basic, claims_of

BOTH = (API.uri, FILES.uri)
MALFORMED = [
    "api.example",
    "/path",
    "https://api.example#fragment",
    "https://api.example/#",
    "https://",
    "urn:",
    "https://api.example/ü",
    "https://api.example/a b",
    "https://[::1",
]


async def ask(
    server: Server, key: DpopKey, *resources: str, scope: str | None = None
) -> httpx.Response:
    """Ask for a token of the client's own for the resources."""
    fields = given({"grant_type": "client_credentials", "scope": scope})
    pairs = [*fields.items(), *(("resource", uri) for uri in resources)]
    headers = [("DPoP", server.proof(key)), ("Authorization", basic(WEB.client_id, SECRET))]
    return await server.post(pairs, headers)


async def refresh(
    server: Server, key: DpopKey, refresh_token: str, *resources: str
) -> httpx.Response:
    """Refresh for the resources."""
    fields = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "client_id": SPA.client_id,
    }
    pairs = [*fields.items(), *(("resource", uri) for uri in resources)]
    return await server.post(pairs, [("DPoP", server.proof(key))])


class TestSection2Requests:
    @pytest.mark.rfc("8707", "2")
    async def test_the_audience_is_the_resource(self, server: Server, key: DpopKey) -> None:
        claims = claims_of(issued(await ask(server, key, API.uri))["access_token"])
        assert claims["aud"] == API.uri

    @pytest.mark.rfc("8707", "2")
    async def test_several_resources_are_several_audiences(
        self, server: Server, key: DpopKey
    ) -> None:
        claims = claims_of(issued(await ask(server, key, *BOTH))["access_token"])
        assert claims["aud"] == list(BOTH)

    @pytest.mark.rfc("8707", "2")
    async def test_a_resource_named_twice_is_one_audience(
        self, server: Server, key: DpopKey
    ) -> None:
        claims = claims_of(issued(await ask(server, key, API.uri, API.uri))["access_token"])
        assert claims["aud"] == API.uri

    @pytest.mark.rfc("8707", "2")
    async def test_without_a_resource_the_audience_is_the_default(
        self, start: Start, key: DpopKey
    ) -> None:
        for settings, audience in (({}, ISSUER), ({"default_audience": "urn:api"}, "urn:api")):
            server = await start(**settings)
            claims = claims_of(issued(await ask(server, key))["access_token"])
            assert claims["aud"] == audience

    @pytest.mark.rfc("8707", "2")
    @pytest.mark.parametrize("uri", MALFORMED)
    async def test_what_is_no_absolute_uri_is_refused(
        self, server: Server, key: DpopKey, uri: str
    ) -> None:
        response = await ask(server, key, uri)
        error = "invalid_target" if uri.isascii() else "invalid_request"
        assert "resource" in refused(response, error)

    @pytest.mark.rfc("8707", "2")
    @pytest.mark.parametrize(
        "uri", ["https://unknown.example", API.uri + "/", API.uri + ":443", API.uri.upper()]
    )
    async def test_a_resource_that_is_not_registered_is_refused(
        self, server: Server, key: DpopKey, uri: str
    ) -> None:
        assert uri in refused(await ask(server, key, uri), "invalid_target")

    @pytest.mark.rfc("8707", "2")
    async def test_one_unknown_resource_among_known_ones_is_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        response = await ask(server, key, API.uri, "https://unknown.example")
        assert "https://unknown.example" in refused(response, "invalid_target")

    @pytest.mark.rfc("8707", "2")
    async def test_eleven_resources_are_too_many(self, server: Server, key: DpopKey) -> None:
        uris = [f"https://api-{n}.example" for n in range(11)]
        refused(await ask(server, key, *uris), "invalid_target")


class TestSection22Downscoping:
    @pytest.mark.rfc("8707", "2.2")
    @pytest.mark.parametrize(
        ("resources", "scope"),
        [((API.uri,), "read"), ((FILES.uri,), "write"), (BOTH, "read write"), ((), "read write")],
    )
    async def test_the_scope_is_what_the_resources_know(
        self, server: Server, key: DpopKey, resources: tuple[str, ...], scope: str
    ) -> None:
        members = issued(await ask(server, key, *resources))
        assert members["scope"] == scope
        assert claims_of(members["access_token"])["scope"] == scope

    @pytest.mark.rfc("8707", "2.2")
    async def test_a_scope_that_no_resource_knows_is_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        refused(await ask(server, key, API.uri, scope="write"), "invalid_scope")

    @pytest.mark.rfc("8707", "2.2")
    async def test_a_resource_without_scopes_knows_all(self, server: Server, key: DpopKey) -> None:
        await server.add(ResourceServer("urn:any", "Any", frozenset()))
        assert issued(await ask(server, key, "urn:any"))["scope"] == "read write"

    @pytest.mark.rfc("8707", "2.2")
    async def test_the_shortest_lifetime_of_the_resources_counts(
        self, server: Server, key: DpopKey
    ) -> None:
        await server.add(dataclasses.replace(API, uri="urn:brief", access_token_lifetime=30))
        assert issued(await ask(server, key, API.uri))["expires_in"] == 120
        assert issued(await ask(server, key, API.uri, "urn:brief"))["expires_in"] == 30
        assert issued(await ask(server, key, FILES.uri))["expires_in"] == 300

    @pytest.mark.rfc("8707", "2.2")
    async def test_a_code_is_good_for_the_resources_that_were_granted(
        self, server: Server, key: DpopKey
    ) -> None:
        members = issued(await server.redeem(await server.code(resources=BOTH), key))
        assert claims_of(members["access_token"])["aud"] == list(BOTH)

    @pytest.mark.rfc("8707", "2.2")
    async def test_a_redemption_may_name_one_of_them(self, server: Server, key: DpopKey) -> None:
        code = await server.code(resources=BOTH)
        members = issued(await server.redeem(code, key, resource=API.uri))
        assert claims_of(members["access_token"])["aud"] == API.uri
        assert members["scope"] == "read"

    @pytest.mark.rfc("8707", "2.2")
    @pytest.mark.parametrize("granted", [(), (API.uri,)])
    async def test_a_redemption_for_more_than_was_granted_is_refused_and_leaves_the_code_good(
        self, server: Server, key: DpopKey, granted: tuple[str, ...]
    ) -> None:
        code = await server.code(resources=granted)
        refused(await server.redeem(code, key, resource=FILES.uri), "invalid_target")
        issued(await server.redeem(code, key))

    @pytest.mark.rfc("8707", "2.2")
    async def test_each_refresh_may_name_another_of_them(
        self, server: Server, key: DpopKey
    ) -> None:
        token = (await server.tokens(key, resources=BOTH))["refresh_token"]
        for uri, scope in ((API.uri, "read"), (FILES.uri, "write")):
            members = issued(await refresh(server, key, token, uri))
            assert (claims_of(members["access_token"])["aud"], members["scope"]) == (uri, scope)
            token = members["refresh_token"]
        members = issued(await refresh(server, key, token))
        assert claims_of(members["access_token"])["aud"] == list(BOTH)

    @pytest.mark.rfc("8707", "2.2")
    async def test_a_refresh_for_more_than_was_granted_is_refused_and_rotates_nothing(
        self, server: Server, key: DpopKey
    ) -> None:
        token = (await server.tokens(key, resources=(API.uri,)))["refresh_token"]
        before = server.rows()
        refused(await refresh(server, key, token, API.uri, FILES.uri), "invalid_target")
        assert server.rows() == before
        issued(await refresh(server, key, token))

    @pytest.mark.rfc("8707", "2.2")
    async def test_a_resource_that_was_removed_since_is_refused_and_rotates_nothing(
        self, server: Server, key: DpopKey
    ) -> None:
        token = (await server.tokens(key, resources=(API.uri,)))["refresh_token"]
        await server.remove(API)
        refused(await refresh(server, key, token), "invalid_target")
        await server.add(API)
        issued(await refresh(server, key, token))
