"""The real application on real stores, driven over HTTP by tests, on a clock that they hold."""

import asyncio
import contextlib
import dataclasses
import shutil
import socket
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import func, select

from app.credentials import Kind, digest, mint
from app.main import create_app
from app.oauth.authorization_code import AuthorizationCode
from app.oauth.client import AuthMethod, Client, ClientSecret, GrantType
from app.oauth.client_assertion import ASSERTION_TYPE
from app.oauth.details_type import DetailsType
from app.oauth.ports import ResourceServer
from app.oauth.token_family import Status, TokenFamily, family_id_of
from app.parts import Parts
from app.settings import Settings, load_settings
from app.state.memory import MemoryState
from app.storage.models import Base
from app.storage.users import User
from app.telemetry.audit import AuditEvent
from tests.builders import DpopKey, FrozenClock, s256
from tests.unit.oauth.token_server import AssertionKey, basic

FORM = "application/x-www-form-urlencoded"
REDIRECT_URI = "https://client.example/callback"
VERIFIER = "v" * 43
SECRET = "hf_cs_" + "s" * 43
CLIENT_KEY = AssertionKey()

API = ResourceServer("https://api.example", "API", frozenset({"read"}), 120)
FILES = ResourceServer("https://files.example", "Files", frozenset({"write"}))
USER = User("usr_1", "zoe@example.com", "Zoe", "no hash")

SPA = Client(
    client_id="spa",
    client_name="A browser app",
    auth_method=AuthMethod.NONE,
    grant_types=frozenset({GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN}),
    redirect_uris=(REDIRECT_URI,),
    scopes=frozenset({"read", "write"}),
)
WEB = dataclasses.replace(
    SPA,
    client_id="web",
    client_name="A web server",
    auth_method=AuthMethod.CLIENT_SECRET_BASIC,
    grant_types=frozenset(GrantType),
    secrets=(ClientSecret(digest(SECRET)),),
)
POSTING = dataclasses.replace(WEB, client_id="posting", auth_method=AuthMethod.CLIENT_SECRET_POST)
SIGNING = dataclasses.replace(
    WEB,
    client_id="signing",
    auth_method=AuthMethod.PRIVATE_KEY_JWT,
    secrets=(),
    jwks={"keys": [CLIENT_KEY.public_jwk]},
)
CLIENTS = (SPA, WEB, POSTING, SIGNING)

# What a server leaves in its data directory that another may start from. Not the marker of the
# first start: a copy is a first start of its own.
_KEPT = ("holdfast.db", "secret")

Fields = Mapping[str, str | None]
Headers = Sequence[tuple[str, str]]


def given(fields: Fields) -> dict[str, str]:
    """Leave out the fields that are None."""
    return {name: value for name, value in fields.items() if value is not None}


def credentials(
    client: Client, *, issuer: str, now: float, secret: str = SECRET
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return the form fields and header fields that authenticate the client, by its own method."""
    client_id = client.client_id
    match client.auth_method:
        case AuthMethod.NONE:
            return {"client_id": client_id}, []
        case AuthMethod.CLIENT_SECRET_BASIC:
            encoded = basic(quote_plus(client_id), quote_plus(secret))
            return {}, [("Authorization", encoded)]
        case AuthMethod.CLIENT_SECRET_POST:
            return {"client_id": client_id, "client_secret": secret}, []
        case AuthMethod.PRIVATE_KEY_JWT:
            claims: dict[str, Any] = {"aud": issuer, "iat": int(now), "exp": int(now) + 60}
            return asserted(CLIENT_KEY.assertion(client_id, **claims)), []


def asserted(assertion: str) -> dict[str, str]:
    """Return the form fields that present a client assertion (RFC 7523 §2.2)."""
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}


@dataclass
class Server:
    """A running server: its application, its clock, and a client that speaks to it."""

    app: FastAPI
    settings: Settings
    clock: FrozenClock
    http: httpx.AsyncClient

    @property
    def parts(self) -> Parts:
        parts: Parts = self.app.state.parts
        return parts

    @property
    def stores(self) -> MemoryState:
        stores: MemoryState = self.app.state.stores
        return stores

    @property
    def token_endpoint(self) -> str:
        return self.settings.issuer + "/token"

    # What is there.

    async def add(self, *things: Client | ResourceServer | DetailsType | User) -> None:
        """Store what is given; a client replaces the one of its name."""
        async with self.parts.database.begin() as unit:
            for thing in things:
                if isinstance(thing, ResourceServer):
                    assert await unit.resources.add(thing)
                elif isinstance(thing, DetailsType):
                    assert await unit.details_types.add(thing)
                elif isinstance(thing, User):
                    assert await unit.users.add(thing)
                elif not await unit.clients.replace(thing):
                    assert await unit.clients.add(thing)
            await unit.commit()

    async def change(self, client: Client, **changes: Any) -> Client:
        """Store the client with these changes, and return it."""
        changed = dataclasses.replace(client, **changes)
        await self.add(changed)
        return changed

    async def remove(self, resource: ResourceServer) -> None:
        async with self.parts.database.begin() as unit:
            assert await unit.resources.delete(resource.uri)
            await unit.commit()

    async def disable(self, user: User) -> None:
        async with self.parts.database.begin() as unit:
            assert await unit.users.replace(dataclasses.replace(user, disabled=True))
            await unit.commit()

    async def code(self, client: Client = SPA, **changes: Any) -> str:
        """Issue a code to the client, as the authorization endpoint does."""
        now = self.clock.now()
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
            expires_at=now + self.settings.code_lifetime,
        )
        value = mint(Kind.AUTHORIZATION_CODE)
        await self.stores.codes.put(digest(value), dataclasses.replace(code, **changes))
        return value

    async def family_of(self, code: str) -> TokenFamily | None:
        async with self.parts.database.read() as unit:
            return await unit.families.find(family_id_of(digest(code)))

    async def is_revoked(self, code: str) -> bool:
        """Whether the family born from the code is there and revoked."""
        family = await self.family_of(code)
        assert family is not None
        return family.status is Status.REVOKED

    async def audit(self) -> list[AuditEvent]:
        """Return the audit events, the oldest first."""
        await self.parts.database.audit_writer.flush()
        async with self.parts.database.read() as unit:
            return list(reversed(await unit.audit.newest(1000)))

    def rows(self) -> dict[str, int]:
        """Count the rows of every table but the audit log, to which refusals belong."""
        tables = {t.name: t for t in Base.metadata.sorted_tables if "audit" not in t.name}
        counts = (select(func.count()).select_from(t).scalar_subquery() for t in tables.values())
        with contextlib.closing(sqlite3.connect(self.settings.data_dir / "holdfast.db")) as file:
            return dict(zip(tables, file.execute(str(select(*counts))).fetchone(), strict=True))

    # What is asked of it.

    def proof(self, key: DpopKey, **changes: Any) -> str:
        """Sign a fresh proof for the token endpoint, valid but for the changes."""
        return key.proof(**{"iat": self.clock.now(), "htu": self.token_endpoint, **changes})

    async def post(
        self, body: bytes | Fields | Sequence[tuple[str, str]], headers: Headers = ()
    ) -> httpx.Response:
        """Post a form to the token endpoint: these fields or bytes, these header fields."""
        if isinstance(body, Mapping):
            body = urlencode(given(body)).encode()
        elif not isinstance(body, bytes):
            body = urlencode(body).encode()
        fields = httpx.Headers(list(headers))
        fields.setdefault("Content-Type", FORM)
        return await self.http.post("/token", content=body, headers=fields)

    async def token(
        self,
        key: DpopKey | None,
        client: Client = SPA,
        /,
        *,
        proof: str | Sequence[str] | None = None,
        headers: Headers = (),
        **fields: str | None,
    ) -> httpx.Response:
        """Ask for a token as the client, with a fresh proof by the key, or with ``proof``.

        ``fields`` go beside those that authenticate the client, or over them; one that is None is
        left out. ``headers`` are sent besides.
        """
        own_fields, own_headers = credentials(
            client, issuer=self.settings.issuer, now=self.clock.now()
        )
        if proof is None:
            proof = [] if key is None else self.proof(key)
        proofs = [proof] if isinstance(proof, str) else proof
        proof_headers = [("DPoP", each) for each in proofs]
        return await self.post({**own_fields, **fields}, [*own_headers, *proof_headers, *headers])

    async def redeem(
        self, code: str, key: DpopKey | None, client: Client = SPA, /, **changes: Any
    ) -> httpx.Response:
        """Redeem the code by a request that is valid but for the changes."""
        valid = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
        }
        return await self.token(key, client, **{**valid, **changes})

    async def refresh(
        self, refresh_token: str, key: DpopKey | None, client: Client = SPA, /, **changes: Any
    ) -> httpx.Response:
        """Refresh by a request that is valid but for the changes."""
        valid = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return await self.token(key, client, **{**valid, **changes})

    async def client_credentials(
        self, key: DpopKey | None, client: Client = WEB, /, **changes: Any
    ) -> httpx.Response:
        """Ask for a token of the client's own by a request that is valid but for the changes."""
        return await self.token(key, client, **{"grant_type": "client_credentials", **changes})

    async def tokens(
        self, key: DpopKey | None, client: Client = SPA, **code: Any
    ) -> dict[str, Any]:
        """Redeem a new code, and return the answer's members."""
        response = await self.redeem(await self.code(client, **code), key, client)
        assert response.status_code == 200, response.text
        members: dict[str, Any] = response.json()
        return members


async def make_template(directory: Path) -> None:
    """Make a data directory with the tables, the keys and the clients that servers start from."""
    settings = load_settings(data_dir=directory)
    app = create_app(settings, FrozenClock())
    async with app.router.lifespan_context(app):
        database = app.state.parts.database
        async with database.begin() as unit:
            for client in CLIENTS:
                await unit.clients.add(client)
            for resource in (API, FILES):
                await unit.resources.add(resource)
            await unit.users.add(USER)
            await unit.commit()


@asynccontextmanager
async def running(
    data_dir: Path, *, template: Path | None, clock: FrozenClock | None = None, **settings: Any
) -> AsyncIterator[Server]:
    """Run a server in this event loop, and a client that calls it without a network.

    ``template``: the data directory to copy into ``data_dir`` first; None to take it as it is.
    """
    if template is not None:
        _copy(template, data_dir)
    loaded, time = load_settings(**{"data_dir": data_dir, **settings}), clock or FrozenClock()
    app = create_app(loaded, time)
    async with app.router.lifespan_context(app):
        # An exception that nothing caught is seen as the 500 that a client would get.
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=loaded.issuer) as http:
            yield Server(app, loaded, time, http)


def _copy(template: Path, data_dir: Path) -> None:
    data_dir.mkdir()
    for name in _KEPT:
        shutil.copy(template / name, data_dir / name)


class _Listener(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@asynccontextmanager
async def listening(
    data_dir: Path, *, template: Path | None, clock: FrozenClock | None = None, **settings: Any
) -> AsyncIterator[Server]:
    """As ``running``, but behind uvicorn on a free port of loopback: every call is a connection."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        issuer = f"http://127.0.0.1:{opened.getsockname()[1]}"
        async with running(
            data_dir, template=template, clock=clock, issuer=issuer, **settings
        ) as server:
            config = uvicorn.Config(
                server.app, http="httptools", lifespan="off", log_config=None, access_log=False
            )
            listener = _Listener(config)
            task = asyncio.create_task(listener.serve(sockets=[opened]))
            try:
                await listener.listening.wait()
                async with httpx.AsyncClient(base_url=issuer) as http:
                    yield dataclasses.replace(server, http=http)
            finally:
                listener.should_exit = True
                await task
