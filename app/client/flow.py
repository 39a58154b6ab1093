"""One request with a proof, and its retry when the server wants a nonce (RFC 9449 §8, §9)."""

from collections.abc import AsyncGenerator, Generator
from http import HTTPStatus

import httpx

from ..clock import Clock, SystemClock
from . import challenges
from .errors import BodyNotReplayable
from .keys import DpopKey
from .nonces import Nonces
from .proofs import sign_proof
from .redirects import stay, stay_async


class Prover:
    """Signs proofs for requests and learns nonces from answers. Safe to share between clients."""

    def __init__(
        self, key: DpopKey, *, nonces: Nonces | None = None, clock: Clock | None = None
    ) -> None:
        self.key = key
        self.nonces = nonces or Nonces()
        self.clock = clock or SystemClock()

    def proof(self, method: str, url: str, access_token: str | None = None) -> str:
        """Return a new proof, with the nonce that the URL's origin wants."""
        return sign_proof(
            self.key,
            method,
            url,
            nonce=self.nonces.get(url),
            access_token=access_token,
            clock=self.clock,
        )

    def sign(self, request: httpx.Request, access_token: str | None) -> None:
        """Put a new proof on the request, in place of one that is there."""
        request.headers["DPoP"] = self.proof(request.method, str(request.url), access_token)

    def learn(self, response: httpx.Response) -> bool:
        """Remember the answer's nonce; True if it brought one."""
        return self.nonces.learn(str(response.url), response.headers.get("DPoP-Nonce"))


class DpopFlow:
    """The auth flow of httpx around a proof, for synchronous and asynchronous clients.

    Reads no answer's body but that of a 400, so that streams stay streams. With ``hold_streams`` a
    request's body is read into memory before it is sent; without, one that is a stream cannot be
    sent again, and a challenge for a nonce raises BodyNotReplayable.
    """

    prover: Prover
    hold_streams = True

    def authorize(self, request: httpx.Request) -> tuple[httpx.Request, str | None]:
        """Return the request, complete but for its proof, and the access token it carries."""
        raise NotImplementedError

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        if self.hold_streams:
            request.read()
        prepared, token = self.authorize(request)
        stay(prepared)
        self.prover.sign(prepared, token)
        response = yield prepared
        if response.status_code == HTTPStatus.BAD_REQUEST:
            response.read()
        if self._is_challenge(response, prepared):
            self.prover.sign(prepared, token)
            self.prover.learn((yield prepared))

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        if self.hold_streams:
            await request.aread()
        prepared, token = self.authorize(request)
        stay_async(prepared)
        self.prover.sign(prepared, token)
        response = yield prepared
        if response.status_code == HTTPStatus.BAD_REQUEST:
            await response.aread()
        if self._is_challenge(response, prepared):
            self.prover.sign(prepared, token)
            self.prover.learn((yield prepared))

    def _is_challenge(self, response: httpx.Response, request: httpx.Request) -> bool:
        if not self.prover.learn(response) or not wants_nonce(response):
            return False
        if not isinstance(request.stream, httpx.ByteStream):
            raise BodyNotReplayable(
                f"{request.url.host} wants a nonce in the proof, and the request's body was a "
                "stream that is spent: send the request again, the nonce is remembered; or make "
                "DpopAuth with hold_streams=True, which reads bodies into memory",
                request=request,
            )
        return True


def wants_nonce(response: httpx.Response) -> bool:
    """Whether the answer, read if it is a 400, asks for the same request with a nonce."""
    is_refusal = response.status_code == HTTPStatus.BAD_REQUEST
    return challenges.wants_nonce(
        response.status_code,
        response.headers.get_list("WWW-Authenticate"),
        response.content if is_refusal else b"",
    )
