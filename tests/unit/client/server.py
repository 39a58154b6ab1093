"""A small server on loopback that demands proofs and nonces the way RFC 9449 §8 and §9 say."""

import base64
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from joserfc.jwk import JWKRegistry
from joserfc.jws import JWSRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

ACCESS_TOKEN = "the-access-token"


@dataclass
class Received:
    """One request, its proof verified and taken apart."""

    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str]
    body: bytes
    proof_count: int
    proof_header: dict[str, Any]
    proof: dict[str, Any]


@dataclass
class DpopServer:
    """``nonce`` is demanded if set; ``hand_out`` goes into every success; the rest is answers."""

    nonce: str | None = None
    hand_out: str | None = None
    token_type: str = "DPoP"
    always: Response | None = None
    challenge: str = 'DPoP error="use_dpop_nonce", algs="ES256"'
    origin: str = ""
    received: list[Received] = field(default_factory=list)
    landed: list[dict[str, str]] = field(default_factory=list)

    def reset(self) -> None:
        fresh = DpopServer(origin=self.origin)
        vars(self).update(vars(fresh))

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/token", self._token, methods=["POST"]),
                Route("/revoke", self._token, methods=["POST"]),
                Route("/api", self._api, methods=["GET", "POST"]),
                Route("/stream", self._stream),
                Route("/redirect", self._redirect, methods=["GET", "POST"]),
                Route("/landing", self._landing, methods=["GET", "POST"]),
            ]
        )

    async def _token(self, request: Request) -> Response:
        received = await self._receive(request)
        if self.always is not None:
            return self.always
        if self.nonce is not None and received.proof.get("nonce") != self.nonce:
            headers = {"DPoP-Nonce": self.nonce}
            return JSONResponse({"error": "use_dpop_nonce"}, 400, headers)
        token = {
            "access_token": ACCESS_TOKEN,
            "token_type": self.token_type,
            "expires_in": 300,
            "refresh_token": f"refresh-{len(self.received)}",
        }
        return JSONResponse(token, headers=self._nonce_header())

    async def _api(self, request: Request) -> Response:
        received = await self._receive(request)
        if self.always is not None:
            return self.always
        if self.nonce is not None and received.proof.get("nonce") != self.nonce:
            headers = {"DPoP-Nonce": self.nonce, "WWW-Authenticate": self.challenge}
            return Response(status_code=401, headers=headers)
        return JSONResponse({"hello": "world"}, headers=self._nonce_header())

    async def _stream(self, request: Request) -> Response:
        await self._receive(request)

        async def chunks() -> AsyncIterator[bytes]:
            yield b"first"
            yield b"second"

        return StreamingResponse(chunks())

    async def _redirect(self, request: Request) -> Response:
        await self._receive(request)
        return Response(status_code=307, headers={"Location": request.query_params["to"]})

    async def _landing(self, request: Request) -> Response:
        self.landed.append(dict(request.headers))
        return Response()

    async def _receive(self, request: Request) -> Received:
        body = await request.body()
        proofs = request.headers.getlist("DPoP")
        header, claims = taken_apart(proofs[0])
        received = Received(
            method=request.method,
            path=request.url.path,
            headers=dict(request.headers),
            form=dict(parse_qsl(body.decode())),
            body=body,
            proof_count=len(proofs),
            proof_header=header,
            proof=claims,
        )
        self.received.append(received)
        return received

    def _nonce_header(self) -> dict[str, str]:
        return {"DPoP-Nonce": self.hand_out} if self.hand_out else {}


def taken_apart(proof: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Verify a proof with the key in its header; return header and claims."""
    signing_input, _, signature = proof.rpartition(".")
    header, claims = (json.loads(_decoded(part)) for part in signing_input.split("."))
    key = JWKRegistry.import_key(header["jwk"])
    algorithm = JWSRegistry.algorithms[header["alg"]]
    assert algorithm.verify(signing_input.encode(), _decoded(signature), key)
    return header, claims


def _decoded(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


@contextmanager
def running(server: DpopServer) -> Iterator[DpopServer]:
    """Serve on a free port of loopback."""
    config = uvicorn.Config(server.app(), port=0, log_level="warning", ws="none", lifespan="off")
    web = uvicorn.Server(config)
    sockets = [config.bind_socket()]
    sockets[0].listen()
    server.origin = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    thread = threading.Thread(target=web.run, kwargs={"sockets": sockets})
    thread.start()
    try:
        yield server
    finally:
        web.should_exit = True
        thread.join()
