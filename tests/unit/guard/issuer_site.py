"""An issuer's metadata and keys over HTTP, which a test can count, change, and take down."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from app.clock import Clock
from app.guard.issuer import Issuer as IssuerUrl
from app.guard.remote_keys import RemoteKeys
from tests.protected_api import ISSUER, Issuer

METADATA = "/.well-known/oauth-authorization-server"


@dataclass
class Site:
    """Answers with ``bodies``, or with ``answers`` where a test set one."""

    issuer: Issuer
    asked: Counter[str] = field(default_factory=Counter)
    answers: dict[str, Response] = field(default_factory=dict)
    is_down: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = Request(scope).url.path
        self.asked[path] += 1
        # Lets the others that wait come in between.
        await asyncio.sleep(0)
        if self.is_down:
            raise httpx.ConnectError("nobody listens")
        bodies = {METADATA: self.metadata, "/jwks": self.issuer.jwks}
        answer = self.answers.get(path) or JSONResponse(bodies[path])
        await answer(scope, receive, send)

    @property
    def metadata(self) -> dict[str, Any]:
        return {"issuer": ISSUER, "jwks_uri": ISSUER + "/jwks"}

    def open_client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self))

    def keys(self, clock: Clock, **options: Any) -> RemoteKeys:
        return RemoteKeys(IssuerUrl(ISSUER, self.open_client), clock, **options)
