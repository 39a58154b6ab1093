"""Asking /revoke and /introspect about tokens, as clients do."""

import dataclasses
from typing import Any
from urllib.parse import urlencode

import httpx

from app.credentials import digest
from app.oauth.client import Client, ClientSecret
from tests.answers import is_uncacheable
from tests.builders import DpopKey
from tests.harness import FORM, WEB, Headers, Server, credentials, given

# An API: what it may see follows from its resources alone.
GUARD = dataclasses.replace(
    WEB,
    client_id="guard",
    client_name="An API",
    grant_types=frozenset({"client_credentials"}),
    redirect_uris=(),
    scopes=frozenset(),
    secrets=(ClientSecret(digest("hf_cs_" + "s" * 43)),),
    resource_uris=("https://api.example",),
)


async def call(
    server: Server,
    path: str,
    client: Client,
    /,
    *,
    key: DpopKey | None = None,
    headers: Headers = (),
    proof: dict[str, Any] | None = None,
    **fields: str | None,
) -> httpx.Response:
    """Post the fields as the client; with a key, also a proof for the path, changed by ``proof``.

    A field that is None is left out, also one that authenticates the client.
    """
    now, issuer = server.clock.now(), server.settings.issuer
    own_fields, own_headers = credentials(client, issuer=issuer, now=now)
    sent = [*own_headers, *headers]
    if key is not None:
        changes: dict[str, Any] = {"iat": now, "htu": issuer + path, **(proof or {})}
        sent.append(("DPoP", key.proof(**changes)))
    body = urlencode(given({**own_fields, **fields})).encode()
    sent_fields = httpx.Headers([("Content-Type", FORM), *sent])
    return await server.http.post(path, content=body, headers=sent_fields)


async def revoke(
    server: Server, client: Client, token: str | None, /, **changes: Any
) -> httpx.Response:
    """Ask for the token to be revoked."""
    return await call(server, "/revoke", client, token=token, **changes)


async def introspect(
    server: Server, client: Client, token: str | None, /, **changes: Any
) -> httpx.Response:
    """Ask about the token."""
    return await call(server, "/introspect", client, token=token, **changes)


def described(response: httpx.Response) -> dict[str, Any]:
    """Assert an answer of introspection, and return its members."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    assert is_uncacheable(response)
    members: dict[str, Any] = response.json()
    if not members["active"]:
        # RFC 7662 §2.2: nothing more is said of an inactive token.
        assert members == {"active": False}
    return members


async def is_active(server: Server, client: Client, token: str) -> bool:
    """Whether the token is active, as far as the client may know."""
    return bool(described(await introspect(server, client, token))["active"])
