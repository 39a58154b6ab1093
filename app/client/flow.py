"""One request with a proof, and its retry when the server wants a nonce (RFC 9449 §8, §9)."""

from collections.abc import AsyncGenerator, Generator
from http import HTTPStatus
from urllib.request import parse_http_list

import httpx

from ..clock import Clock, SystemClock
from .keys import DpopKey
from .nonces import Nonces
from .proofs import sign_proof


class Prover:
    """Puts proofs on requests and learns nonces from answers. Safe to share between clients."""

    def __init__(
        self, key: DpopKey, *, nonces: Nonces | None = None, clock: Clock | None = None
    ) -> None:
        self.key = key
        self.nonces = nonces or Nonces()
        self.clock = clock or SystemClock()

    def sign(self, request: httpx.Request, access_token: str | None) -> None:
        """Put a new proof on the request, in place of one that is there."""
        url = str(request.url)
        request.headers["DPoP"] = sign_proof(
            self.key,
            request.method,
            url,
            nonce=self.nonces.get(url),
            access_token=access_token,
            clock=self.clock,
        )

    def learn(self, response: httpx.Response) -> bool:
        """Remember the answer's nonce; True if it brought one."""
        return self.nonces.learn(str(response.url), response.headers.get("DPoP-Nonce"))


class DpopFlow:
    """The auth flow of httpx around a proof, for synchronous and asynchronous clients.

    Reads no answer's body but that of a 400, so that streams stay streams.
    """

    prover: Prover

    def authorize(self, request: httpx.Request) -> tuple[httpx.Request, str | None]:
        """Return the request, complete but for its proof, and the access token it carries."""
        raise NotImplementedError

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        request.read()
        prepared, token = self.authorize(request)
        self.prover.sign(prepared, token)
        response = yield prepared
        if response.status_code == HTTPStatus.BAD_REQUEST:
            response.read()
        if self.prover.learn(response) and wants_nonce(response):
            self.prover.sign(prepared, token)
            self.prover.learn((yield prepared))

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        await request.aread()
        prepared, token = self.authorize(request)
        self.prover.sign(prepared, token)
        response = yield prepared
        if response.status_code == HTTPStatus.BAD_REQUEST:
            await response.aread()
        if self.prover.learn(response) and wants_nonce(response):
            self.prover.sign(prepared, token)
            self.prover.learn((yield prepared))


def wants_nonce(response: httpx.Response) -> bool:
    """Whether the answer asks for the same request with a nonce."""
    # RFC 9449 §8: the authorization server answers with 400 and the error "use_dpop_nonce".
    if response.status_code == HTTPStatus.BAD_REQUEST:
        return json_member(response, "error") == "use_dpop_nonce"
    # RFC 9449 §9: a resource server answers with 401 and a DPoP challenge with that error.
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        fields = response.headers.get_list("WWW-Authenticate")
        return any(_challenges_for_nonce(field) for field in fields)
    return False


def json_member(response: httpx.Response, name: str) -> object:
    """Return a member of the JSON object in the answer, None if there is none."""
    try:
        body = response.json()
    except ValueError:
        return None
    return body.get(name) if isinstance(body, dict) else None


def _challenges_for_nonce(field: str) -> bool:
    scheme = ""
    for item in parse_http_list(field):
        head, _, rest = item.partition(" ")
        # RFC 9110 §11.6.1: a field may hold several challenges, each opening with its scheme.
        if "=" not in head:
            scheme = head.lower()
        name, _, value = (item if "=" in head else rest).partition("=")
        if (scheme, name.strip(), value.strip(' "')) == ("dpop", "error", "use_dpop_nonce"):
            return True
    return False
