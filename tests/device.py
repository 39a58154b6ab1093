"""A device without a browser, and what its person does for it."""

import dataclasses
from typing import Any
from urllib.parse import urlencode

import httpx

from app.oauth.client import ApplicationType, Client, GrantType
from tests.builders import DpopKey
from tests.harness import FORM, SPA, Server, credentials, given
from tests.person import Person

DEVICE = dataclasses.replace(
    SPA,
    client_id="device",
    client_name="A television",
    application_type=ApplicationType.NATIVE,
    grant_types=frozenset({GrantType.DEVICE_CODE, GrantType.REFRESH_TOKEN}),
    redirect_uris=(),
)
PATH = "/device_authorization"


async def ask(
    server: Server,
    client: Client = DEVICE,
    key: DpopKey | None = None,
    /,
    *,
    proof: str | None = None,
    **fields: str | None,
) -> httpx.Response:
    """Ask for codes as the client, with a fresh proof if there is a key, or with ``proof``."""
    issuer = server.settings.issuer
    own_fields, headers = credentials(client, issuer=issuer, now=server.clock.now())
    if proof is None and key is not None:
        proof = server.proof(key, htu=issuer + PATH)
    if proof is not None:
        headers = [*headers, ("DPoP", proof)]
    body = urlencode(given({**own_fields, **fields}))
    return await server.http.post(PATH, content=body, headers=[("Content-Type", FORM), *headers])


async def asked(
    server: Server, client: Client = DEVICE, key: DpopKey | None = None, /, **fields: Any
) -> dict[str, Any]:
    """Ask for codes, and return the answer's members."""
    response = await ask(server, client, key, **fields)
    assert response.status_code == 200, response.text
    members: dict[str, Any] = response.json()
    return members


async def poll(
    server: Server,
    device_code: str,
    key: DpopKey | None,
    client: Client = DEVICE,
    /,
    **changes: Any,
) -> httpx.Response:
    """Ask for tokens by a request that is valid but for the changes."""
    valid = {"grant_type": GrantType.DEVICE_CODE, "device_code": device_code}
    return await server.token(key, client, **{**valid, **changes})


async def enter(person: Person, user_code: str) -> httpx.Response:
    """Type the code, being signed in."""
    page = await person.open("/device")
    assert page.status_code == 200, page.text
    return await person.submit(page, user_code=user_code)


async def decide(person: Person, user_code: str, decision: str = "approve") -> httpx.Response:
    """Type the code, and press a button of the page that comes."""
    page = await enter(person, user_code)
    assert page.status_code == 200, page.text
    return await person.decide(page, decision)


async def allowed(
    server: Server,
    person: Person,
    client: Client = DEVICE,
    key: DpopKey | None = None,
    /,
    **fields: Any,
) -> str:
    """Ask for codes, let the person allow it, and return the device code."""
    codes = await asked(server, client, key, **fields)
    done = await decide(person, codes["user_code"])
    assert done.status_code == 200, done.text
    return str(codes["device_code"])
