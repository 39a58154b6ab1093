"""The demo's steps through the browser: the authorization request, sign-in, consent, the code."""

import secrets
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

# First, because it keeps quiet a warning that Authlib gives when it is imported.
from ...client.authlib_hook import use_dpop  # isort: skip
from authlib.integrations.httpx_client import (  # type: ignore[import-untyped]  # it ships no types
    OAuth2Client,
)

from .beginnings import REDIRECT_URI, SCOPE
from .browser import Browser
from .expectations import expect, expect_equal
from .scene import Scene

MEANINGS = {
    "response_type": "the app wants a code",
    "client_id": "who asks",
    "redirect_uri": "where the answer goes",
    "scope": "what for",
    "state": "comes back unchanged: it is the answer to this very request",
    "code_challenge": "PKCE: the hash of a secret that only the app knows",
    "code_challenge_method": "how it was hashed",
    "dpop_jkt": "DPoP: the thumbprint; the code will be good with this key only",
}


def ask_for_authorization(scene: Scene) -> dict[str, Any]:
    """Make the authorization request, with Authlib."""
    scene.code_verifier = secrets.token_urlsafe(48)
    scene.client = use_dpop(
        OAuth2Client(
            scene.client_id,
            token_endpoint_auth_method="none",
            redirect_uri=REDIRECT_URI,
            scope=SCOPE,
            code_challenge_method="S256",
            event_hooks=scene.watch(),
        ),
        scene.key,
    )
    scene.authorization_url, scene.state = scene.client.create_authorization_url(
        scene.metadata["authorization_endpoint"],
        code_verifier=scene.code_verifier,
        dpop_jkt=scene.key.thumbprint,
    )
    scene.narrator.say(
        "The app opens Ann's browser at the server's authorization endpoint. The request is the "
        "ordinary one of OAuth with PKCE, and one parameter more:"
    )
    query = parse_qsl(urlsplit(scene.authorization_url).query)
    rows = [(name, value, MEANINGS.get(name, "")) for name, value in query]
    scene.narrator.members(f"GET {scene.metadata['authorization_endpoint']}", rows)
    return {"authorization_url": scene.authorization_url}


def sign_in_and_consent(scene: Scene) -> dict[str, Any]:
    """Walk the server's pages as Ann would, and take the code."""
    scene.narrator.say(
        "Ann signs in and allows the app what it asked for. These are the server's real pages, "
        "filled in as a browser would, hidden CSRF fields and cookies included:"
    )
    browser = Browser(scene.server.issuer)
    try:
        scene.callback = browser.authorize(
            scene.authorization_url, email=scene.email, password=scene.password
        )
    finally:
        browser.close()
    visits = [(f"{v.method} {v.path}", v.status, v.what) for v in browser.visits]
    scene.narrator.members("In the browser", visits)
    answer = {name: values[0] for name, values in parse_qs(urlsplit(scene.callback).query).items()}
    expect("code" in answer, f"the server sent back no code but {answer.get('error')}")
    expect_equal("state", scene.state, answer.get("state"))
    # RFC 9207 §2.4: clients MUST compare iss with the issuer the request was sent to.
    expect_equal("iss", scene.server.issuer, answer.get("iss"))
    scene.code = answer["code"]
    scene.narrator.say("The browser is sent back to the app with a *code*:")
    scene.narrator.members(
        REDIRECT_URI,
        [
            ("code", scene.code, "good once, for a minute, for this app and this key"),
            ("state", answer["state"], "unchanged: it is ours"),
            ("iss", answer["iss"], "the server that answers (RFC 9207)"),
        ],
    )
    return {"pages": [f"{v.method} {v.path} {v.status}" for v in browser.visits]}
