"""An API behind the guard, the tokens of its issuer, and requests to it that break one thing."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.request import parse_http_list

import httpx
from fastapi import FastAPI

from app.dpop.admission import Admission
from app.dpop.ports import ProofMemory
from app.guard import Guard, Principal
from app.guard.fastapi import FastApiGuard
from app.guard.jwt_tokens import JwtTokens
from app.guard.keys import LocalKeys
from app.state.memory.proofs import MemoryProofs
from tests.builders import NOW, DpopKey, FrozenClock, s256

API = "https://api.example"
NOTES = API + "/notes"
ISSUER = "https://as.example"


@dataclass
class Issuer:
    """Signs access tokens, and publishes its keys."""

    signer: DpopKey = field(default_factory=DpopKey)
    kid: str = "k1"

    @property
    def jwks(self) -> dict[str, Any]:
        jwk = {**self.signer.public_jwk, "kid": self.kid, "use": "sig", "alg": self.signer.alg}
        return {"keys": [jwk]}

    def claims(self, key: DpopKey | None, **changes: Any) -> dict[str, Any]:
        """Return the claims of a token bound to the key; a change to None leaves a claim out."""
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "sub": "zoe",
            "aud": API,
            "exp": int(NOW) + 300,
            "iat": int(NOW),
            "jti": secrets.token_urlsafe(8),
            "client_id": "spa",
            "scope": "notes:read",
        }
        if key is not None:
            claims["cnf"] = {"jkt": key.jkt}
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(
        self, key: DpopKey | None, *, header: dict[str, Any] | None = None, **changes: Any
    ) -> str:
        """Sign a token that is valid but for the changes."""
        protected: dict[str, Any] = {"typ": "at+jwt", "alg": self.signer.alg, "kid": self.kid}
        protected |= header or {}
        given = {name: value for name, value in protected.items() if value is not None}
        return self.signer.sign(given, self.claims(key, **changes))


@dataclass
class Api:
    """The API, its issuer, its clock, and a client that calls it without a network."""

    issuer: Issuer
    clock: FrozenClock
    guard: Guard
    app: FastAPI
    http: httpx.AsyncClient

    def token(self, key: DpopKey | None, **changes: Any) -> str:
        return self.issuer.token(key, **changes)

    def proof(self, key: DpopKey, token: str, **changes: Any) -> str:
        """Sign a proof for GET /notes with the token, valid but for the changes."""
        valid = {"htm": "GET", "htu": NOTES, "iat": self.clock.now(), "ath": s256(token)}
        return key.proof(**{**valid, **changes})

    async def get(
        self,
        key: DpopKey,
        *,
        method: str = "GET",
        path: str = "/notes",
        scheme: str = "DPoP",
        token: str | None = None,
        proof: str | Sequence[str] | None = None,
        headers: Sequence[tuple[str, str]] | None = None,
        **changes: Any,
    ) -> httpx.Response:
        """Ask for the path with a valid token and proof, but for what the arguments break.

        ``headers`` are sent instead of those two. Other changes are of the proof.
        """
        token = self.token(key) if token is None else token
        if proof is None:
            proof = self.proof(
                key, token, **{"htm": method, "htu": API + path.partition("?")[0], **changes}
            )
        proofs = [proof] if isinstance(proof, str) else proof
        sent = [("Authorization", f"{scheme} {token}"), *(("DPoP", each) for each in proofs)]
        fields = httpx.Headers(list(sent if headers is None else headers), encoding="latin-1")
        return await self.http.request(method, path, headers=fields)


def guard_of(
    issuer: Issuer,
    clock: FrozenClock,
    *,
    nonce: str,
    memory: ProofMemory | None = None,
    **options: Any,
) -> Guard:
    """Make a guard over a memory that nothing came before."""
    if memory is None:
        memory = MemoryProofs(clock, None, 1000)
    return Guard(
        JwtTokens(ISSUER, LocalKeys(lambda: issuer.jwks), clock),
        Admission(memory, clock, nonce),
        clock,
        **{"base_url": API, "audience": API, "algs": ("ES256", "PS256"), **options},
    )


def application(guard: Guard) -> FastAPI:
    """Make the API."""
    app, require = FastAPI(), FastApiGuard(guard).require

    @app.get("/notes")
    async def notes(who: Annotated[Principal, require("notes:read")]) -> dict[str, Any]:
        return {"subject": who.subject, "client": who.client_id, "jkt": who.jkt}

    @app.post("/notes", status_code=201)
    async def write(who: Annotated[Principal, require("notes:read", "notes:write")]) -> str:
        return who.subject

    @app.delete("/notes", dependencies=[require("notes:read")])
    async def delete(who: Annotated[Principal, require("notes:write")]) -> str:
        return who.subject

    @app.get("/payments")
    async def payments(who: Annotated[Principal, require(acr_values=("mfa",), max_age=60)]) -> str:
        return who.subject

    @app.get("/whoami")
    async def whoami(who: Annotated[Principal, require()]) -> str:
        return who.subject

    return app


@asynccontextmanager
async def serving(
    *, nonce: str = "auto", memory: ProofMemory | None = None, **options: Any
) -> AsyncIterator[Api]:
    """Serve the API."""
    issuer, clock = Issuer(), FrozenClock()
    guard = guard_of(issuer, clock, nonce=nonce, memory=memory, **options)
    app = application(guard)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=API) as http:
        yield Api(issuer, clock, guard, app, http)


def challenged(
    response: httpx.Response,
    error: str | None,
    *,
    status: int = 401,
    check: str | None = None,
) -> dict[str, str]:
    """Assert a refusal with a DPoP challenge, and return the challenge's parameters."""
    assert response.status_code == status, response.text
    assert response.headers["cache-control"] == "no-store"
    parameters = challenge_of(response, "DPoP")
    assert parameters.get("error") == error
    assert parameters["algs"] == "ES256 PS256"
    body = response.json()["detail"]
    assert body.get("error") == error
    assert body.get("dpop", {}).get("check") == check
    # Clients take it on any 4xx as a call to resend.
    assert ("dpop-nonce" in response.headers) == (error == "use_dpop_nonce")
    return parameters


def challenge_of(response: httpx.Response, scheme: str) -> dict[str, str]:
    """Return the parameters of the challenge of a scheme, of which there must be one."""
    [field] = response.headers.get_list("www-authenticate")
    found: list[tuple[str, dict[str, str]]] = []
    for item in parse_http_list(field):
        head, _, rest = item.partition(" ")
        # RFC 9110 §11.6.1: each challenge opens with its scheme.
        if "=" not in head:
            found.append((head, {}))
        name, _, value = (item if "=" in head else rest).partition("=")
        if name:
            assert name not in found[-1][1]
            found[-1][1][name] = value.removeprefix('"').removesuffix('"')
    [parameters] = [parameters for name, parameters in found if name == scheme]
    return parameters
