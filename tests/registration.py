"""Clients that register themselves at /register, as tests do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from app.management.new_registration_token import NewInitialToken
from app.management.registration_tokens import RegistrationTokenManagement
from tests.answers import is_uncacheable, refused
from tests.conftest import Start
from tests.harness import REDIRECT_URI, Server

SETTINGS: dict[str, Any] = {"registration": "open", "registration_scopes": ("read", "write")}
METADATA: dict[str, Any] = {"client_name": "Notes", "redirect_uris": [REDIRECT_URI]}

# What a registration answers beside the metadata.
MADE = {
    "client_id",
    "client_id_issued_at",
    "client_secret",
    "client_secret_expires_at",
    "registration_access_token",
    "registration_client_uri",
}
_CHALLENGE = re.compile(r'Bearer realm="register"(, error="invalid_token")?')


async def open_server(start: Start, **settings: Any) -> Server:
    """Start a server at which anybody may register."""
    return await start(**SETTINGS | settings)


async def token_server(start: Start, **settings: Any) -> Server:
    """Start a server at which an initial access token is needed."""
    return await open_server(start, registration="token", **settings)


async def initial_token(server: Server, **new: Any) -> str:
    """Make an initial access token, as the command line does."""
    management = RegistrationTokenManagement(server.parts.database, server.clock, actor="a test")
    _, value = await management.add(NewInitialToken(**new))
    return value


def bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def metadata(**changes: Any) -> dict[str, Any]:
    """Return metadata that is valid but for the changes; ``...`` takes a member away."""
    return {name: each for name, each in (METADATA | changes).items() if each is not ...}


async def post(server: Server, *, token: str | None = None, **changes: Any) -> httpx.Response:
    """Register by a request that is valid but for the changes."""
    return await server.http.post("/register", json=metadata(**changes), headers=bearer(token))


def created(response: httpx.Response) -> dict[str, Any]:
    """Assert a registration, and return the answer's members."""
    assert response.status_code == 201, response.text
    return _information(response)


def answered(response: httpx.Response) -> dict[str, Any]:
    """Assert a success of the client configuration endpoint, and return the answer's members."""
    assert response.status_code == 200, response.text
    return _information(response)


def _information(response: httpx.Response) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/json"
    assert is_uncacheable(response)
    members: dict[str, Any] = response.json()
    return members


def unauthorized(response: httpx.Response, *, presented: bool = True) -> str:
    """Assert that the Bearer token did not do, and return the description."""
    description = refused(response, "invalid_token", status=401)
    challenge = _CHALLENGE.fullmatch(response.headers["www-authenticate"])
    assert challenge is not None
    # RFC 6750 §3.1: no error code where the request lacks any authentication information.
    assert (challenge[1] is not None) == presented
    return description


@dataclass
class Registered:
    """A client that registered itself, with the token it holds."""

    server: Server
    members: dict[str, Any]

    @property
    def client_id(self) -> str:
        return str(self.members["client_id"])

    @property
    def token(self) -> str:
        return str(self.members["registration_access_token"])

    @property
    def uri(self) -> str:
        return str(self.members["registration_client_uri"])

    async def read(self, *, token: str | None = None) -> httpx.Response:
        return await self.server.http.get(self.uri, headers=bearer(token or self.token))

    async def put(
        self, body: Mapping[str, Any] | None = None, /, *, token: str | None = None, **changes: Any
    ) -> httpx.Response:
        """Update by a request that is valid but for the changes."""
        sent = metadata(client_id=self.client_id, **changes) if body is None else body
        return await self.server.http.put(self.uri, json=sent, headers=bearer(token or self.token))

    async def updated(self, **changes: Any) -> dict[str, Any]:
        """Update, and hold what came with the answer."""
        self.members = answered(await self.put(**changes))
        return self.members

    async def delete(self, *, token: str | None = None) -> httpx.Response:
        return await self.server.http.delete(self.uri, headers=bearer(token or self.token))


async def registered(server: Server, *, token: str | None = None, **changes: Any) -> Registered:
    """Register a client."""
    return Registered(server, created(await post(server, token=token, **changes)))
