"""The demo's attacks. Each must fail, for the right reason."""

from typing import Any

import httpx

from ...client import DpopAuth, DpopKey
from .beginnings import REDIRECT_URI
from .expectations import expect_equal
from .scene import Scene


def steal_the_refresh_token(scene: Scene) -> dict[str, Any]:
    """Use the stolen refresh token with the thief's own key."""
    thief = DpopKey.generate()
    scene.narrator.say(
        "A thief has copied the refresh token, out of a log or a backup. The private key was not "
        "in there, so the thief makes a key of their own and signs a flawless proof with it:"
    )
    scene.narrator.same(
        ("the thief's key", "the app's key"), (thief.thumbprint, scene.key.thumbprint)
    )
    answer = _refresh(scene, DpopAuth(thief))
    refused = _refused(scene, answer, "invalid_grant", "binding")
    scene.narrator.verdict("refused: the token is bound to another key")
    return refused


def replay_the_proof(scene: Scene) -> dict[str, Any]:
    """Send a whole request again, proof included."""
    recorded = next(each for each in reversed(scene.sent) if each.headers.get("DPoP"))
    scene.narrator.say(
        "This thief has recorded the app's whole refresh request, *its proof included*, and sends "
        "it again, byte for byte. The signature is right and so is the key:"
    )
    answer = httpx.post(
        recorded.url,
        content=recorded.content,
        headers={name: recorded.headers[name] for name in ("Content-Type", "DPoP")},
    )
    scene.narrator.request(recorded)
    refused = _refused(scene, answer, "invalid_dpop_proof", "replay")
    scene.narrator.verdict("refused: the server remembers each proof until it is too old to pass")
    return refused


def replay_the_code(scene: Scene) -> dict[str, Any]:
    """Redeem the code a second time; then the tokens it gave are dead too."""
    scene.narrator.say(
        "A code that comes twice has been copied, and the server cannot tell which of the two is "
        "the thief. Here even the code_verifier, the key and a new proof are right:"
    )
    answer = httpx.post(
        scene.token_endpoint,
        data={
            "grant_type": "authorization_code",
            "code": scene.code,
            "redirect_uri": REDIRECT_URI,
            "client_id": scene.client_id,
            "code_verifier": scene.code_verifier,
        },
        auth=DpopAuth(scene.key),
    )
    scene.narrator.request(answer.request)
    refused = _refused(scene, answer, "invalid_grant", None)
    scene.narrator.say(
        "To be safe it also ends *everything that came from that code*. The app's own refresh "
        "token, good a moment ago, with the app's own key:"
    )
    after = _refresh(scene, DpopAuth(scene.key))
    refused["family"] = _refused(scene, after, "invalid_grant", None)
    scene.narrator.verdict("refused, and revoked: Ann signs in again, the thief is out")
    return refused


def _refresh(scene: Scene, auth: DpopAuth) -> httpx.Response:
    answer = httpx.post(
        scene.token_endpoint,
        data={
            "grant_type": "refresh_token",
            "refresh_token": scene.tokens["refresh_token"],
            "client_id": scene.client_id,
        },
        auth=auth,
    )
    scene.narrator.request(answer.request)
    return answer


def _refused(scene: Scene, answer: httpx.Response, error: str, check: str | None) -> dict[str, Any]:
    """Show the refusal. Raises StepFailed unless it is the right one."""
    scene.narrator.answer(answer)
    body = answer.json()
    expect_equal("the status", httpx.codes.BAD_REQUEST, answer.status_code)
    expect_equal("error", error, body.get("error"))
    if check is not None:
        expect_equal("the check that refuses", check, body.get("dpop", {}).get("check"))
    return {"error": body["error"], "check": check, "why": body["error_description"]}
