"""Asking the introspection endpoint: authenticated, with a proof of our own."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import httpx

from ..client import DpopAuth, DpopKey
from ..clock import Clock, SystemClock
from ..oauth import signed_jwt
from .client_credentials import ClientCredentials
from .fetching import PATIENCE, Unreadable, json_object, out_of_reach, read_body
from .issuer import Issuer
from .keys import Keys
from .signatures import signed_by

Answer = Mapping[str, Any]

SIGNED = "application/token-introspection+jwt"

_TYP = "token-introspection+jwt"
_NAME = "the introspection answer"
_CLOCK = SystemClock()


class IntrospectionClient:
    """Asks one issuer about tokens. ``close`` it at the end.

    ``endpoint`` defaults to what the issuer's metadata says. ``dpop_key``: signs the proofs that
    go with the questions; a new one unless given. With ``keys``, answers are asked for as signed
    JWTs (RFC 9701), and no others are believed.
    """

    def __init__(
        self,
        issuer: Issuer,
        credentials: ClientCredentials,
        *,
        endpoint: str | None = None,
        dpop_key: DpopKey | None = None,
        keys: Keys | None = None,
        clock: Clock = _CLOCK,
    ) -> None:
        self._issuer = issuer
        self._credentials = credentials
        self._endpoint = endpoint
        self._auth = DpopAuth(dpop_key or DpopKey.generate(), clock=clock)
        self._keys = keys
        self._stack = AsyncExitStack()
        self._http: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """Close the connections."""
        self._http = None
        await self._stack.aclose()

    async def ask(self, token: str) -> Answer:
        """Return the answer's members. Raises TemporarilyUnavailable, and logs why."""
        if self._endpoint is None:
            self._endpoint = await self._issuer.endpoint("introspection_endpoint")
        endpoint = self._endpoint
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._answer(endpoint, token)
        except (
            httpx.HTTPError,
            httpx.InvalidURL,
            OSError,
            TimeoutError,
            Unreadable,
            signed_jwt.Unacceptable,
        ) as error:
            raise out_of_reach(endpoint, error) from error

    async def _answer(self, endpoint: str, token: str) -> Answer:
        # RFC 7662 §2.1: token_type_hint: a hint about the type of the token submitted.
        fields = {"token": token, "token_type_hint": "access_token", **self._credentials.fields()}
        accept = {"Accept": "application/json" if self._keys is None else SIGNED}
        request = self._client().stream(
            "POST",
            endpoint,
            data=fields,
            headers=accept | self._credentials.headers(),
            auth=self._auth,
        )
        async with request as response:
            body = await read_body(response)
        if self._keys is None:
            return json_object(endpoint, response.status_code, body)
        return await self._verified(self._keys, response, body)

    async def _verified(self, keys: Keys, response: httpx.Response, body: bytes) -> Answer:
        media_type = response.headers.get("content-type", "").partition(";")[0]
        if response.status_code != httpx.codes.OK or media_type != SIGNED:
            raise Unreadable(f"answered {response.status_code} {media_type}, expected {SIGNED}")
        jwt = signed_jwt.parse(body.decode("latin-1"), _NAME)
        signed_jwt.check_header(jwt.header, signed_jwt.ALGS, _NAME)
        # RFC 9701 §5: typ must be set to token-introspection+jwt. §8.1: which keeps other JWTs of
        # the same issuer from being taken for an answer.
        if jwt.header.get("typ") != _TYP:
            raise Unreadable(f"the answer's typ is not {_TYP}")
        if await signed_by(jwt, keys, await keys.current()) is None:
            raise Unreadable("the answer is not signed with a key of the issuer")
        # RFC 9701 §5: iss must be set to the issuer URL; aud identifies the resource server
        # receiving the token introspection response.
        expected = (self._issuer.name, self._credentials.client_id)
        if (jwt.claims.get("iss"), jwt.claims.get("aud")) != expected:
            raise Unreadable(f"the answer's iss and aud are not {' and '.join(expected)}")
        answer = jwt.claims.get("token_introspection")
        if not isinstance(answer, Mapping):
            raise Unreadable("the answer has no token_introspection")
        return answer

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            self._http = self._issuer.open_client()
            self._stack.push_async_callback(self._http.aclose)
        return self._http
