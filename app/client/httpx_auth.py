"""DPoP as an httpx.Auth, for httpx.Client and httpx.AsyncClient."""

from typing import Self

import httpx

from ..clock import Clock
from .flow import DpopFlow, Prover
from .keys import DpopKey
from .nonces import Nonces


class DpopAuth(DpopFlow, httpx.Auth):
    """Puts a new DPoP proof on every request that is sent, and the access token if there is one.

    Remembers the nonce of each origin, and sends a request once more when the server answers that
    it wants one (RFC 9449 §8, §9). Without a token: for the token endpoint and its like.

    A redirect is not followed: RedirectRefused, even if ``follow_redirects`` is on. A body that is
    a stream is sent as one, and cannot be sent again: BodyNotReplayable when a nonce is wanted,
    unless ``hold_streams``, which reads it into memory first.
    """

    def __init__(
        self,
        key: DpopKey,
        access_token: str | None = None,
        *,
        nonces: Nonces | None = None,
        clock: Clock | None = None,
        hold_streams: bool = False,
    ) -> None:
        self.prover = Prover(key, nonces=nonces, clock=clock)
        self.access_token = access_token
        self.hold_streams = hold_streams

    def with_token(self, access_token: str) -> Self:
        """Return the same key and nonces with an access token."""
        prover = self.prover
        return type(self)(
            prover.key,
            access_token,
            nonces=prover.nonces,
            clock=prover.clock,
            hold_streams=self.hold_streams,
        )

    def authorize(self, request: httpx.Request) -> tuple[httpx.Request, str | None]:
        # RFC 9449 §7.1: a DPoP-bound access token is sent using the Authorization request header
        # field with an authentication scheme of DPoP.
        if self.access_token is not None:
            request.headers["Authorization"] = f"DPoP {self.access_token}"
        return request, self.access_token
