"""Keys at a jwks_uri (RFC 7591 §2): for assertions and for request objects."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.oauth.client import Client
from tests.answers import issued, proof_refused, refused
from tests.builders import ISSUER, NOW, DpopKey
from tests.conftest import Start
from tests.harness import FORM, SIGNING, WEB, Server, asserted, credentials
from tests.person import REQUEST
from tests.unit.oauth.token_server import AssertionKey
from tests.web_host import WebHost, answer, web_host

OLD = AssertionKey()
NEW = AssertionKey()


def jwk(key: AssertionKey, **members: Any) -> dict[str, Any]:
    return {**key.public_jwk, **members}


@pytest.fixture
async def host() -> AsyncIterator[WebHost]:
    """The client's own web server."""
    async with web_host({"/jwks": answer({"keys": [jwk(OLD, kid="old")]})}) as host:
        yield host


@pytest.fixture
async def server(start: Start) -> Server:
    return await start(outbound_networks="127.0.0.0/8")


@pytest.fixture
async def client(server: Server, host: WebHost) -> Client:
    return await server.change(SIGNING, jwks=None, jwks_uri=host.url("/jwks"))


async def ask(
    server: Server, key: DpopKey, client: Client, signer: AssertionKey = OLD, **header: Any
) -> httpx.Response:
    """Ask for a token with an assertion that the signer made at the server's time."""
    now = int(server.clock.now())
    assertion = signer.assertion(client.client_id, header=header, iat=now, exp=now + 60)
    return await server.client_credentials(key, client, **asserted(assertion))


class TestAssertions:
    @pytest.mark.rfc("7591", "2")
    async def test_a_key_at_the_jwks_uri_authenticates_its_client(
        self, server: Server, client: Client, key: DpopKey
    ) -> None:
        issued(await ask(server, key, client, kid="old"))
        issued(await ask(server, key, client))

    @pytest.mark.rfc("7591", "2")
    async def test_the_keys_are_read_once_for_many_requests(
        self, server: Server, client: Client, key: DpopKey, host: WebHost
    ) -> None:
        for _ in range(3):
            issued(await ask(server, key, client, kid="old"))
        assert len(host.requests) == 1

    async def test_nothing_is_fetched_for_an_assertion_that_fails_anyway(
        self, server: Server, client: Client, key: DpopKey, host: WebHost
    ) -> None:
        expired = OLD.assertion(client.client_id, exp=int(NOW) - 100)
        answered = await server.client_credentials(key, client, **asserted(expired))
        refused(answered, "invalid_client", status=401)
        await server.change(client, disabled=True)
        refused(await ask(server, key, client), "invalid_client", status=401)
        assert host.requests == []

    @pytest.mark.rfc("7591", "2")
    async def test_a_new_key_is_good_at_once(
        self, server: Server, client: Client, key: DpopKey, host: WebHost
    ) -> None:
        issued(await ask(server, key, client, kid="old"))
        host.answers["/jwks"] = answer({"keys": [jwk(OLD, kid="old"), jwk(NEW, kid="new")]})
        server.clock.advance(10)
        issued(await ask(server, key, client, NEW, kid="new"))
        assert len(host.requests) == 2

    async def test_unknown_keys_make_the_server_ask_once_in_ten_seconds_at_most(
        self, server: Server, client: Client, key: DpopKey, host: WebHost
    ) -> None:
        issued(await ask(server, key, client, kid="old"))
        server.clock.advance(10)
        for each in range(5):
            answered = await ask(server, key, client, NEW, kid=f"unknown-{each}")
            refused(answered, "invalid_client", status=401)
        assert len(host.requests) == 2

    @pytest.mark.rfc("7591", "2")
    async def test_a_key_that_is_published_no_more_is_refused_once_the_set_is_old(
        self, server: Server, client: Client, key: DpopKey, host: WebHost
    ) -> None:
        issued(await ask(server, key, client, kid="old"))
        host.answers["/jwks"] = answer({"keys": [jwk(NEW, kid="new")]})
        server.clock.advance(300)
        refused(await ask(server, key, client, kid="old"), "invalid_client", status=401)

    async def test_the_dpop_key_must_be_none_of_the_published_keys(
        self, server: Server, client: Client, host: WebHost, key: DpopKey
    ) -> None:
        both = [jwk(OLD, kid="old"), {**key.public_jwk, "kid": "dpop"}]
        host.answers["/jwks"] = answer({"keys": both})
        proof_refused(await ask(server, key, client, kid="old"), "client_key")

    async def test_keys_of_other_kinds_beside_it_do_no_harm(
        self, server: Server, client: Client, key: DpopKey, host: WebHost
    ) -> None:
        others = [{"kty": "new"}, {"kty": "oct", "k": "AAAA"}, jwk(NEW, kid="e", use="enc")]
        host.answers["/jwks"] = answer({"keys": [*others, jwk(OLD, kid="old")]})
        issued(await ask(server, key, client, kid="old"))


class TestWithoutKeys:
    async def test_a_host_that_is_down_is_told_as_passing(
        self, server: Server, client: Client, key: DpopKey, host: WebHost
    ) -> None:
        host.answers["/jwks"] = answer(b"", "503 Down")
        answered = await ask(server, key, client)
        assert "503" in refused(answered, "temporarily_unavailable", status=503)
        assert answered.headers["Retry-After"] == "10"

    async def test_known_keys_stay_good_for_an_hour_while_the_host_is_down(
        self, server: Server, client: Client, key: DpopKey, host: WebHost
    ) -> None:
        issued(await ask(server, key, client, kid="old"))
        host.answers["/jwks"] = answer(b"", "503 Down")
        server.clock.advance(300 + 3500)
        issued(await ask(server, key, client, kid="old"))
        server.clock.advance(200)
        refused(await ask(server, key, client, kid="old"), "temporarily_unavailable", status=503)

    @pytest.mark.parametrize(
        "case",
        [
            ({"keys": []}, "at least one key"),
            ({"keys": "none"}, "at least one key"),
            ({"error": "none"}, "at least one key"),
            ({"keys": [{"kty": "oct", "k": "AAAA"}]}, "symmetric"),
            ({"keys": [{**OLD.public_jwk, "d": "AAAA"}]}, "private half"),
            ({"keys": [OLD.public_jwk] * 21}, "at most 20"),
            (b"[]", "no JSON object"),
            (b'{"keys": [], "keys": []}', "no JSON object"),
            (b"\xff", "no JSON object"),
            (b"[" * 60_000, "no JSON object"),
            (b" " * (64 * 1024 + 1), "longer than 65536 bytes"),
        ],
    )
    async def test_what_is_no_set_of_good_keys_is_refused_with_the_reason(
        self,
        server: Server,
        client: Client,
        key: DpopKey,
        host: WebHost,
        case: tuple[Any, str],
    ) -> None:
        body, told = case
        host.answers["/jwks"] = answer(body)
        description = refused(await ask(server, key, client), "invalid_client", status=401)
        assert "jwks_uri" in description
        # Anybody can ask in the name of a client.
        assert host.url("/jwks") not in description
        assert told in description

    async def test_a_private_address_is_never_asked_without_the_setting(
        self, start: Start, host: WebHost, key: DpopKey
    ) -> None:
        server = await start()
        uri = host.url("/jwks").replace("http:", "https:")
        client = await server.change(SIGNING, jwks=None, jwks_uri=uri)
        description = refused(await ask(server, key, client), "invalid_client", status=401)
        assert "no address on the public internet" in description
        assert host.requests == []

    async def test_a_client_that_registered_itself_reaches_no_private_network(
        self, start: Start, key: DpopKey
    ) -> None:
        server = await start(outbound_networks="10.0.0.0/8,192.168.0.0/16")
        stranger = await server.change(
            SIGNING, jwks=None, jwks_uri="https://10.0.0.1/jwks", unverified=True
        )
        description = refused(await ask(server, key, stranger), "invalid_client", status=401)
        assert "no address on the public internet" in description


class TestRequestObjects:
    @pytest.fixture
    async def client(self, server: Server, host: WebHost) -> Client:
        return await server.change(
            WEB,
            client_id="jar",
            jwks_uri=host.url("/jwks"),
            request_object_signing_alg="ES256",
        )

    @staticmethod
    async def push(server: Server, client: Client, key: DpopKey) -> httpx.Response:
        claims = {
            "iss": client.client_id,
            "aud": ISSUER,
            "exp": int(server.clock.now()) + 60,
            **REQUEST,
            "client_id": client.client_id,
        }
        signed = key.sign({"typ": "oauth-authz-req+jwt", "alg": "ES256"}, claims)
        fields, headers = credentials(client, issuer=ISSUER, now=server.clock.now())
        return await server.http.post(
            "/par",
            data={**fields, "request": signed},
            headers=[*headers, ("Content-Type", FORM)],
        )

    @pytest.mark.rfc("9101", "6.2")
    async def test_a_key_at_the_jwks_uri_signs_requests(
        self, server: Server, client: Client
    ) -> None:
        assert (await self.push(server, client, OLD)).status_code == 201

    @pytest.mark.rfc("9101", "6.2")
    async def test_another_key_does_not(self, server: Server, client: Client) -> None:
        refused(await self.push(server, client, NEW), "invalid_request_object")

    async def test_without_keys_the_request_object_is_refused_with_the_reason(
        self, server: Server, client: Client, host: WebHost
    ) -> None:
        host.answers["/jwks"] = answer({}, "404 Not Found")
        description = refused(await self.push(server, client, OLD), "invalid_request_object")
        assert "answered 404" in description

    async def test_at_the_authorization_endpoint_the_person_sees_the_reason(
        self, server: Server, client: Client, host: WebHost
    ) -> None:
        host.answers["/jwks"] = answer({}, "404 Not Found")
        signed = OLD.sign({"alg": "ES256"}, {"client_id": client.client_id})
        query = {"client_id": client.client_id, "request": signed}
        page = await server.http.get("/authorize", params=query)
        assert page.status_code == 400
        assert "answered 404" in page.text
