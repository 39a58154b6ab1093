"""Clients of several replicas: they sign fresh proofs and go where they are told."""

import asyncio
import dataclasses
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from app.clock import SystemClock
from app.credentials import Kind, digest, mint
from app.oauth.authorization_code import AuthorizationCode
from app.oauth.client import Client
from app.state.redis import RedisState
from tests.answers import challenged
from tests.builders import DpopKey, s256
from tests.harness import REDIRECT_URI, SPA, USER, VERIFIER, WEB, Fields, credentials, given

from .processes import Deployment, Replica


class Balancer(httpx.AsyncBaseTransport):
    """Sends each request to the next replica, and on to another one where nobody listens.

    A request whose connection was refused has certainly not been processed; only that is repeated.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._turn = itertools.count()
        self._transport = httpx.AsyncHTTPTransport(
            limits=httpx.Limits(max_connections=None, keepalive_expiry=60)
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        turn, wanted = next(self._turn), request.url
        for attempt in range(len(self._ports)):
            port = self._ports[(turn + attempt) % len(self._ports)]
            request.url = wanted.copy_with(port=port)
            try:
                return await self._transport.handle_async_request(request)
            except httpx.ConnectError:
                if attempt + 1 == len(self._ports):
                    raise
        raise AssertionError

    async def aclose(self) -> None:
        await self._transport.aclose()


@dataclass(frozen=True)
class TokenRequest:
    """A token request that can be sent to any replica, and again."""

    proof: str
    fields: dict[str, str]
    headers: tuple[tuple[str, str], ...]


@dataclass
class Caller:
    """Asks the replicas of one deployment for tokens. Its proofs carry ``nonce`` if there is one.

    A Redis that was just born has every proof challenged that is dated within ten seconds of it.
    """

    issuer: str
    http: httpx.AsyncClient
    state: RedisState
    nonce: str | None = None

    async def learn_nonce(self, replica: Replica) -> str:
        """Ask for a nonce by way of a client whose clock is wrong."""
        self.nonce = None
        request = self.request(DpopKey(), WEB, {"grant_type": "client_credentials"}, iat=1)
        self.nonce = challenged(await self.send(request, replica), "iat", issuer=self.issuer)
        return self.nonce

    async def code(self, client: Client = SPA, **changes: Any) -> str:
        """Issue a code to the client, as the authorization endpoint does."""
        now = time.time()
        code = AuthorizationCode(
            client_id=client.client_id,
            user_id=USER.user_id,
            redirect_uri=REDIRECT_URI,
            redirect_uri_sent=True,
            code_challenge=s256(VERIFIER),
            scopes=client.scopes,
            resources=(),
            dpop_jkt=None,
            auth_time=now - 10,
            expires_at=now + 60,
        )
        value = mint(Kind.AUTHORIZATION_CODE)
        await self.state.codes.put(digest(value), dataclasses.replace(code, **changes))
        return value

    def request(self, key: DpopKey, client: Client, fields: Fields, **claims: Any) -> TokenRequest:
        """Make a valid request with a fresh proof; ``claims`` change the proof."""
        now = time.time()
        own, headers = credentials(client, issuer=self.issuer, now=now)
        nonce = {} if self.nonce is None else {"nonce": self.nonce}
        proof = key.proof(**{"iat": now, "htu": self.issuer + "/token", **nonce, **claims})
        return TokenRequest(proof, own | given(fields), tuple(headers))

    def redemption(self, code: str, key: DpopKey, client: Client = SPA) -> TokenRequest:
        """Make a valid request for the tokens of a code."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
        }
        return self.request(key, client, fields)

    def refreshing(
        self, refresh_token: str, key: DpopKey, client: Client = SPA, **claims: Any
    ) -> TokenRequest:
        """Make a valid request to refresh."""
        fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self.request(key, client, fields, **claims)

    def own(self, key: DpopKey, client: Client = WEB, **claims: Any) -> TokenRequest:
        """Make a valid request for a token of the client's own."""
        return self.request(key, client, {"grant_type": "client_credentials"}, **claims)

    async def send(self, request: TokenRequest, to: Replica | None = None) -> httpx.Response:
        """Send the request to one replica, or to whichever the client's transport chooses."""
        base = self.issuer if to is None else to.url
        headers = [*request.headers, ("DPoP", request.proof)]
        return await self.http.post(base + "/token", data=request.fields, headers=headers)

    async def at_once(
        self, requests: Sequence[TokenRequest], replicas: Sequence[Replica]
    ) -> list[httpx.Response]:
        """Send each request to the replica next in turn, all at the same instant."""
        turns = itertools.cycle(replicas)
        sent = [self.send(each, replica) for each, replica in zip(requests, turns, strict=False)]
        return await asyncio.gather(*sent)


@asynccontextmanager
async def calling(
    deployment: Deployment, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Caller]:
    """Open a caller: without a transport of its own it reaches the replicas by their URLs."""
    state = await RedisState.connect(deployment.redis.url, SystemClock())
    try:
        async with httpx.AsyncClient(timeout=30, transport=transport) as http:
            yield Caller(deployment.issuer, http, state)
    finally:
        await state.close()


def statuses(responses: Sequence[httpx.Response]) -> list[int]:
    """Return the statuses, sorted."""
    return sorted(response.status_code for response in responses)
