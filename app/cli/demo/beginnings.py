"""The demo's first steps: who takes part, and the key."""

import asyncio
import secrets
from typing import Any

import httpx

from ...management.client_types import ClientType
from ...management.new_client import NewClient
from ...settings import load_settings
from ..context import open_management
from .expectations import expect, expect_equal
from .scene import Scene

REDIRECT_URI = "http://127.0.0.1/callback"
SCOPE = "notes.read notes.write"


def take_the_stage(scene: Scene) -> dict[str, Any]:
    """Register a client and a person with the server that was just started."""
    scene.narrator.say(
        "A real Holdfast has just started, with an empty database. An administrator registers a "
        "*client*, an app on Ann's laptop that wants to read her notes, and adds Ann herself. "
        "The app is a *public* client: it has no secret, since anybody could read one out of it."
    )
    scene.email = "ann@example.com"
    scene.password = secrets.token_urlsafe(18)
    scene.client_id = asyncio.run(_register(scene))
    scene.metadata = httpx.get(scene.server.metadata).raise_for_status().json()
    expect_equal("the issuer in the metadata", scene.server.issuer, scene.metadata["issuer"])
    scene.narrator.members(
        "On stage",
        [
            ("server", scene.server.issuer, "the authorization server, Holdfast"),
            ("client", scene.client_id, "the app; its client_id"),
            ("user", scene.email, "Ann, who owns the notes"),
        ],
    )
    return {"issuer": scene.server.issuer, "client_id": scene.client_id}


async def _register(scene: Scene) -> str:
    new = NewClient(
        type=ClientType.NATIVE,
        client_name="Notes on my laptop",
        redirect_uris=(REDIRECT_URI,),
        scopes=frozenset(SCOPE.split()),
    )
    async with open_management(load_settings()) as management:
        added = await management.clients.add(new)
        await management.users.add(scene.email, scene.password, display_name="Ann")
    return added.client.client_id


def make_a_key(scene: Scene) -> dict[str, Any]:
    """Show the client's key pair."""
    key = scene.key
    expect("d" not in key.public_jwk, "the public key holds the private one")
    scene.narrator.say(
        "Before anything else the app makes a *key pair*. The private half never leaves it, not "
        "even towards the server. This is the public half, as a JSON Web Key:"
    )
    meanings = {
        "crv": "the curve",
        "kty": "an elliptic-curve key",
        "x": "a point on the curve:",
        "y": "that is the public key",
    }
    rows = [(name, value, meanings[name]) for name, value in key.public_jwk.items()]
    scene.narrator.members("Public key", rows)
    scene.narrator.say(
        "A hash of it, the *thumbprint* (RFC 7638), serves as the key's name. Remember it, it "
        "comes back:"
    )
    scene.narrator.same(("thumbprint",), (key.thumbprint,))
    return {"alg": key.alg, "thumbprint": key.thumbprint}
