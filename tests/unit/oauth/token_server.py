"""A token endpoint on real stores: SQLite in a file, memory state, real keys and proofs."""

import base64
import dataclasses
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine

from app.credentials import Kind, digest, mint
from app.dpop import proof
from app.dpop.admission import Admission
from app.oauth.authorization_code import AuthorizationCode
from app.oauth.client import AuthMethod, Client, ClientSecret, GrantType
from app.oauth.client_auth import ClientAuthenticator
from app.oauth.details_endpoint import DetailsReader
from app.oauth.grants.authorization_code import AuthorizationCodeGrant
from app.oauth.grants.client_credentials import ClientCredentialsGrant
from app.oauth.grants.minting import Mint
from app.oauth.grants.refresh_token import RefreshTokenGrant
from app.oauth.lifetimes import Lifetimes
from app.oauth.parameters import Parameters
from app.oauth.ports import ResourceServer
from app.oauth.token_endpoint import TokenEndpoint, TokenRequest
from app.oauth.token_family import RefreshToken, TokenFamily, family_id_of
from app.oauth.token_response import TokenResponse
from app.state.memory import MemoryState
from app.storage.database import SqlDatabase, open_database
from app.storage.models import Base
from app.storage.users import User
from app.telemetry.audit import AuditEvent, EventKind
from app.tokens.access_tokens import SignedAccessTokens
from app.tokens.keyring import Keyring
from app.tokens.lifecycle import KeyLifecycle
from app.tokens.refresh_tokens import ChainedRefreshTokens
from app.tokens.sealing import Sealer
from tests.builders import ISSUER, NOW, TOKEN_ENDPOINT, DpopKey, FrozenClock, s256

REDIRECT_URI = "https://client.example/callback"
VERIFIER = "v" * 43
SECRET = "hf_cs_" + "s" * 43
ALGS = frozenset({"ES256"})
ADDRESS = "192.0.2.7"
API = ResourceServer("https://api.example", "API", frozenset({"read"}), 120)
FILES = ResourceServer("https://files.example", "Files", frozenset({"write"}))

PUBLIC = Client(
    client_id="spa",
    client_name="A browser app",
    auth_method=AuthMethod.NONE,
    grant_types=frozenset({GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN}),
    redirect_uris=(REDIRECT_URI,),
    scopes=frozenset({"read", "write"}),
)
CONFIDENTIAL = dataclasses.replace(
    PUBLIC,
    client_id="web",
    auth_method=AuthMethod.CLIENT_SECRET_BASIC,
    grant_types=frozenset(GrantType),
    secrets=(ClientSecret(digest(SECRET)),),
)
USER = User("usr_1", "zoe@example.com", "Zoe", "no hash")


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def form(**fields: str | None) -> list[tuple[str, str]]:
    return [(name, value) for name, value in fields.items() if value is not None]


class Audit:
    """An audit sink that keeps what it is given."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []

    def record(self, event: AuditEvent) -> None:
        self.events.append(event)


class TokenServer:
    """The endpoint and the stores behind it."""

    def __init__(
        self, path: Path, database: SqlDatabase, keyring: Keyring, clock: FrozenClock
    ) -> None:
        self.path = path
        self.database = database
        self.clock = clock
        self.state = MemoryState(clock, born_at=None)
        self.audit = Audit()
        self.lifetimes = Lifetimes()
        self.admission = Admission(self.state.proofs, clock, "auto", allow_bearer=True)
        self.keyring = keyring
        self.authenticator = ClientAuthenticator(
            database.clients, self.state.assertions, self.state.attempts, clock, issuer=ISSUER
        )
        self.use_refresh_tokens(ChainedRefreshTokens(b"secret" * 8))

    def use_refresh_tokens(self, refresh_tokens: ChainedRefreshTokens) -> None:
        """Build the endpoint around the maker of refresh tokens."""
        minting = Mint(SignedAccessTokens(self.keyring, self.clock, ISSUER), self.lifetimes)
        database = self.database
        self.endpoint = TokenEndpoint(
            self.authenticator,
            [
                AuthorizationCodeGrant(
                    self.state.codes, database, database.users, refresh_tokens, minting
                ),
                RefreshTokenGrant(database, database.users, refresh_tokens, minting),
                ClientCredentialsGrant(minting),
            ],
            database.resources,
            self.audit,
            self.clock,
            details=DetailsReader(database.details_types, database.resources),
            uri=TOKEN_ENDPOINT,
            default_audience=ISSUER,
        )

    @classmethod
    async def start(cls, directory: Path) -> "TokenServer":
        """Make the tables, a signing key, two clients, a person and two resources."""
        path = directory / "holdfast.db"
        clock = FrozenClock()
        database = open_database(f"sqlite:///{path}")
        tables = create_engine(f"sqlite:///{path}")
        Base.metadata.create_all(tables)
        tables.dispose()
        sealer = Sealer(b"secret" * 8)
        await KeyLifecycle(database.keys, sealer, clock, jwks_max_age=300).ensure()
        keyring = Keyring(database.keys, sealer, clock, longest_token_lifetime=3600)
        await keyring.refresh()
        server = cls(path, database, keyring, clock)
        async with database.begin() as unit:
            for client in (PUBLIC, CONFIDENTIAL):
                await unit.clients.add(client)
            for resource in (API, FILES):
                await unit.resources.add(resource)
            await unit.users.add(USER)
            await unit.commit()
        return server

    async def change(self, client: Client, **changes: Any) -> Client:
        """Store the client with these changes, in place of what it was or beside the others."""
        changed = dataclasses.replace(client, **changes)
        async with self.database.begin() as unit:
            if not await unit.clients.replace(changed):
                await unit.clients.add(changed)
            await unit.commit()
        return changed

    def refuse_inserts(self, table: str) -> None:
        """Make the database fail whenever a row is added to the table."""
        connection = sqlite3.connect(self.path)
        connection.execute(
            f"CREATE TRIGGER broken BEFORE INSERT ON {table} "
            "BEGIN SELECT RAISE(ABORT, 'broken on purpose'); END"
        )
        connection.close()

    async def withdraw_signing_keys(self) -> None:
        for stored in await self.database.keys.list():
            await self.database.keys.revoke(stored.kid, self.clock.now())
        await self.keyring.refresh()

    async def disable_user(self) -> None:
        async with self.database.begin() as unit:
            await unit.users.replace(dataclasses.replace(USER, disabled=True))
            await unit.commit()

    async def post(
        self,
        fields: Sequence[tuple[str, str]],
        key: DpopKey | None,
        *,
        authorization: str | None = None,
        **claims: Any,
    ) -> TokenResponse:
        """Send a token request with a fresh proof by the key, or with none."""
        values = [key.proof(**{"iat": self.clock.now(), **claims})] if key else []
        verified = proof.verify(values, method="POST", uri=TOKEN_ENDPOINT, algs=ALGS)
        request = TokenRequest(Parameters.parse(fields), authorization, ADDRESS)
        return await self.endpoint(request, lambda: self.admission.gate(verified))

    async def issue_code(self, client: Client = PUBLIC, **changes: Any) -> str:
        """Put a code for the client into the store, as the authorization endpoint does."""
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
            expires_at=now + 60,
        )
        value = mint(Kind.AUTHORIZATION_CODE)
        await self.state.codes.put(digest(value), dataclasses.replace(code, **changes))
        return value

    async def redeem(
        self, code: str, key: DpopKey | None, client: Client = PUBLIC, **changes: str | None
    ) -> TokenResponse:
        """Redeem the code by a valid request, but for the changes."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
        }
        return await self._as(client, key, {**fields, **changes})

    async def refresh(
        self, token: str | None, key: DpopKey | None, client: Client = PUBLIC, **changes: str | None
    ) -> TokenResponse:
        """Refresh by a valid request, but for the changes."""
        fields = {"grant_type": "refresh_token", "refresh_token": token}
        return await self._as(client, key, {**fields, **changes})

    async def _as(
        self, client: Client, key: DpopKey | None, fields: dict[str, str | None]
    ) -> TokenResponse:
        if client.is_public:
            return await self.post(form(**{"client_id": client.client_id, **fields}), key)
        return await self.post(form(**fields), key, authorization=basic(client.client_id, SECRET))

    async def tokens(self, key: DpopKey, client: Client = PUBLIC) -> TokenResponse:
        """Return the first tokens of a new family."""
        return await self.redeem(await self.issue_code(client), key, client)

    async def family_of(self, code: str) -> TokenFamily | None:
        async with self.database.read() as unit:
            return await unit.families.find(family_id_of(digest(code)))

    async def stored(self, refresh_token: str | None) -> tuple[RefreshToken, TokenFamily]:
        async with self.database.read() as unit:
            found = await unit.refresh_tokens.find(digest(refresh_token or ""))
        assert found is not None
        return found

    async def committed(self) -> list[EventKind]:
        """Return the kinds of the events that committed with their act, the oldest first."""
        async with self.database.read() as unit:
            return [event.kind for event in reversed(await unit.audit.newest(100))]


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    )
    return claims


class AssertionKey(DpopKey):
    """A client's private_key_jwt key, and the assertions it signs."""

    def assertion(self, client_id: str, *, without: tuple[str, ...] = (), **claims: Any) -> str:
        """Sign an assertion that is valid but for what the arguments break."""
        header = {"alg": self.alg, **claims.pop("header", {})}
        payload = {
            "iss": client_id,
            "sub": client_id,
            "aud": ISSUER,
            "exp": int(NOW) + 60,
            "iat": int(NOW),
            "jti": mint(Kind.SESSION),
        } | claims
        return self.sign(header, {k: v for k, v in payload.items() if k not in without})
