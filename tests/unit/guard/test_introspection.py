"""What a guard believes of the answers of an introspection endpoint, and for how long."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import pytest
from joserfc import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from app.guard.client_credentials import ClientSecret, PrivateKeyJwt
from app.guard.introspection import IntrospectedTokens
from app.guard.introspection_client import SIGNED, IntrospectionClient
from app.guard.issuer import Issuer as IssuerUrl
from app.guard.keys import LocalKeys
from app.guard.reasons import InvalidToken
from app.oauth.errors import TemporarilyUnavailable
from tests.builders import NOW, DpopKey, FrozenClock
from tests.protected_api import ISSUER, Issuer

from .issuer_site import Site

CLOCK = FrozenClock()
ME = ClientSecret("notes api", "s:e/c r")


class Endpoint(Site):
    """An introspection endpoint that answers what it is told to, and keeps what it was asked."""

    def __init__(self, issuer: Issuer) -> None:
        super().__init__(issuer)
        self.requests: list[tuple[Request, dict[str, list[str]]]] = []
        self.answer: Response = JSONResponse(self.active())

    def active(self, **changes: Any) -> dict[str, Any]:
        members = {**self.issuer.claims(None), "active": True, "token_type": "DPoP", **changes}
        return {name: value for name, value in members.items() if value is not None}

    @property
    def metadata(self) -> dict[str, Any]:
        return {**super().metadata, "introspection_endpoint": ISSUER + "/introspect"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/introspect":
            request = Request(scope, receive)
            self.requests.append((request, parse_qs((await request.body()).decode())))
            self.answers["/introspect"] = self.answer
        await super().__call__(scope, receive, send)

    def signed(self, *, header: dict[str, Any] | None = None, **changes: Any) -> Response:
        """Answer with a signed JWT that is valid but for the changes."""
        protected = {"typ": "token-introspection+jwt", "alg": "ES256", "kid": self.issuer.kid}
        claims = {"iss": ISSUER, "aud": ME.client_id, "iat": int(NOW)}
        claims |= {"token_introspection": self.active(), **changes}
        token = self.issuer.signer.sign(protected | (header or {}), claims)
        return Response(token, media_type=SIGNED)

    def client(self, **options: Any) -> IntrospectionClient:
        issuer = IssuerUrl(ISSUER, self.open_client)
        return IntrospectionClient(issuer, ME, **{"clock": CLOCK, **options})


@pytest.fixture
def endpoint(key: DpopKey) -> Endpoint:
    return Endpoint(Issuer(key))


@pytest.fixture
async def client(endpoint: Endpoint) -> AsyncIterator[IntrospectionClient]:
    client = endpoint.client()
    yield client
    await client.close()


@pytest.fixture
async def signed_only(endpoint: Endpoint) -> AsyncIterator[IntrospectionClient]:
    client = endpoint.client(keys=LocalKeys(lambda: endpoint.issuer.jwks))
    yield client
    await client.close()


class TestAsking:
    @pytest.mark.rfc("7662", "2.1")
    async def test_the_question_is_a_form_with_the_clients_secret_and_a_proof(
        self, endpoint: Endpoint, client: IntrospectionClient
    ) -> None:
        await client.ask("the token")
        [(request, form)] = endpoint.requests
        assert request.method == "POST"
        assert form == {"token": ["the token"], "token_type_hint": ["access_token"]}
        encoded = base64.b64encode(b"notes+api:s%3Ae%2Fc+r").decode()
        assert request.headers["authorization"] == f"Basic {encoded}"
        header = json.loads(base64.urlsafe_b64decode(request.headers["dpop"].split(".")[0] + "=="))
        assert header["typ"] == "dpop+jwt"

    async def test_the_endpoint_is_looked_up_once(
        self, endpoint: Endpoint, client: IntrospectionClient
    ) -> None:
        for _ in range(3):
            await client.ask("x")
        assert endpoint.asked["/.well-known/oauth-authorization-server"] == 1

    def test_an_assertion_is_new_each_time_and_for_the_issuer(self, key: DpopKey) -> None:
        private = {**key.key.as_dict(private=True), "kid": "mine"}
        credentials = PrivateKeyJwt("api", private, audience=ISSUER, clock=CLOCK)
        one, other = (credentials.fields()["client_assertion"] for _ in range(2))
        read = jwt.decode(one, key.key, algorithms=["ES256"])
        assert read.header["kid"] == "mine"
        assert read.claims["iss"] == read.claims["sub"] == "api"
        assert read.claims["aud"] == ISSUER
        assert read.claims["exp"] - NOW == 60
        assert one != other
        assert credentials.headers() == {}


class TestAnswers:
    @pytest.mark.parametrize(
        "answer",
        [
            JSONResponse({"error": "invalid_client"}, 401),
            JSONResponse({"active": True}, 500),
            JSONResponse([]),
            Response("active"),
            Response(b'{"active": true, "x": "' + b"x" * 300_000 + b'"}'),
        ],
    )
    async def test_what_is_no_answer_is_no_reason_to_pass_nor_to_blame_the_token(
        self, endpoint: Endpoint, client: IntrospectionClient, answer: Response
    ) -> None:
        endpoint.answer = answer
        with pytest.raises(TemporarilyUnavailable):
            await client.ask("x")

    @pytest.mark.rfc("7662", "2.2")
    @pytest.mark.parametrize(
        "changes",
        [
            {"active": False},
            {"active": "true"},
            {"active": 1},
            {"active": None},
            {"exp": int(NOW)},
            {"exp": None},
            {"client_id": None},
            {"cnf": {"x5t#S256": "x"}},
            {"aud": 7},
        ],
    )
    async def test_a_token_that_is_not_clearly_good_is_refused(
        self, endpoint: Endpoint, client: IntrospectionClient, changes: dict[str, Any]
    ) -> None:
        endpoint.answer = JSONResponse(endpoint.active(**changes))
        with pytest.raises(InvalidToken):
            await IntrospectedTokens(client, CLOCK).verify("x")

    async def test_who_acts_for_itself_is_its_own_subject(
        self, endpoint: Endpoint, client: IntrospectionClient
    ) -> None:
        endpoint.answer = JSONResponse(endpoint.active(sub=None))
        assert (await IntrospectedTokens(client, CLOCK).verify("x")).subject == "spa"


@pytest.mark.rfc("9701", "5")
class TestSignedAnswers:
    async def test_one_that_is_asked_for_and_right_is_believed(
        self, endpoint: Endpoint, signed_only: IntrospectionClient
    ) -> None:
        endpoint.answer = endpoint.signed()
        assert (await signed_only.ask("x"))["active"] is True
        assert endpoint.requests[0][0].headers["accept"] == SIGNED

    async def test_one_that_is_not_signed_is_not(
        self, endpoint: Endpoint, signed_only: IntrospectionClient
    ) -> None:
        assert endpoint.answer.status_code == 200
        with pytest.raises(TemporarilyUnavailable):
            await signed_only.ask("x")

    @pytest.mark.rfc("9701", "8.1")
    @pytest.mark.parametrize(
        "changes",
        [
            {"header": {"typ": "at+jwt"}},
            {"header": {"typ": "JWT"}},
            {"header": {"alg": "none"}},
            {"header": {"kid": "k2"}},
            {"header": {"crit": ["x"]}},
            {"iss": "https://other.example"},
            {"aud": "another api"},
            {"aud": None},
            {"token_introspection": "active"},
        ],
    )
    async def test_one_that_is_wrong_is_not(
        self, endpoint: Endpoint, signed_only: IntrospectionClient, changes: dict[str, Any]
    ) -> None:
        endpoint.answer = endpoint.signed(**changes)
        with pytest.raises(TemporarilyUnavailable):
            await signed_only.ask("x")

    async def test_one_by_another_key_is_not(
        self, endpoint: Endpoint, signed_only: IntrospectionClient, other_key: DpopKey
    ) -> None:
        stranger = Endpoint(Issuer(other_key))
        endpoint.answer = stranger.signed()
        with pytest.raises(TemporarilyUnavailable):
            await signed_only.ask("x")


class TestRemembering:
    @pytest.mark.rfc("7662", "4")
    async def test_an_answer_stands_for_a_time_but_never_beyond_the_token(
        self, endpoint: Endpoint, client: IntrospectionClient
    ) -> None:
        clock = FrozenClock()
        tokens = IntrospectedTokens(client, clock, remember_for=60)
        endpoint.answer = JSONResponse(endpoint.active(exp=int(NOW) + 30))
        for _ in range(2):
            await tokens.verify("x")
        assert len(endpoint.requests) == 1
        clock.advance(30)
        with pytest.raises(InvalidToken):
            await tokens.verify("x")

    async def test_nothing_is_remembered_where_nothing_may_be(
        self, endpoint: Endpoint, client: IntrospectionClient
    ) -> None:
        tokens = IntrospectedTokens(client, CLOCK, remember_for=0)
        for _ in range(3):
            await tokens.verify("x")
        assert len(endpoint.requests) == 3

    async def test_the_answers_kept_are_bounded(
        self, endpoint: Endpoint, client: IntrospectionClient
    ) -> None:
        tokens = IntrospectedTokens(client, CLOCK, remember=2)
        for token in ("a", "b", "a", "c", "a", "b"):
            await tokens.verify(token)
        asked = [form["token"][0] for _, form in endpoint.requests]
        assert asked == ["a", "b", "c", "b"]

    async def test_those_who_ask_at_once_share_one_question(
        self, endpoint: Endpoint, client: IntrospectionClient
    ) -> None:
        tokens = IntrospectedTokens(client, CLOCK)
        await asyncio.gather(*(tokens.verify("x") for _ in range(10)))
        assert len(endpoint.requests) == 1

    async def test_a_failure_is_not_remembered(
        self, endpoint: Endpoint, client: IntrospectionClient
    ) -> None:
        tokens, good = IntrospectedTokens(client, CLOCK), endpoint.answer
        endpoint.answer = Response("", 503)
        with pytest.raises(TemporarilyUnavailable):
            await tokens.verify("x")
        endpoint.answer = good
        assert (await tokens.verify("x")).client_id == "spa"
