"""The demo from beginning to end."""

from collections.abc import Callable
from typing import Any

import httpx

from ..output import Failure, show
from . import attacks, beginnings, signing_in, tokens
from .expectations import StepFailed
from .narrator import Narrator
from .scene import Scene
from .server import running_server

Step = Callable[[Scene], dict[str, Any]]

STEPS: tuple[tuple[str, Step], ...] = (
    ("A server, an app and a person", beginnings.take_the_stage),
    ("The app makes a key", beginnings.make_a_key),
    ("The app asks for authorization", signing_in.ask_for_authorization),
    ("Ann signs in and consents", signing_in.sign_in_and_consent),
    ("The app swaps the code for tokens, with a proof", tokens.redeem_the_code),
    ("Inside the access token", tokens.look_inside),
    ("A refresh, with the same key", tokens.refresh),
    ("Attack: the stolen refresh token, with another key", attacks.steal_the_refresh_token),
    ("Attack: the replayed proof", attacks.replay_the_proof),
    ("Attack: the replayed code", attacks.replay_the_code),
)


def tell(*, as_json: bool) -> None:
    """Run every step. Raises Failure naming the one that did not end as it should."""
    narrator = Narrator(quiet=as_json)
    narrator.say(
        "Most OAuth access tokens are *bearer* tokens: whoever holds one can use it, like cash. "
        "DPoP, RFC 9449, binds every token to a *key* that only the client has. Each request then "
        "carries a *proof*, a few signed lines made with that key, and a token that was stolen "
        "without the key is useless. Everything below really happens."
    )
    try:
        with running_server() as server:
            record = _play(Scene(server, narrator))
    except StepFailed as failure:
        raise Failure(str(failure)) from None
    narrator.say(
        "*That is DPoP.* The token worked for the key it is bound to, and three thefts came to "
        "nothing. Next: `holdfast serve` runs a server of your own, README.md takes you through "
        "the same flow by hand, and docs/dpop.md lists every check a proof has to pass."
    )
    show({"ok": True, "steps": record}, as_json=as_json)


def _play(scene: Scene) -> list[dict[str, Any]]:
    record: list[dict[str, Any]] = []
    for number, (title, step) in enumerate(STEPS, start=1):
        scene.narrator.heading(number, title)
        try:
            record.append({"step": number, "title": title, **step(scene)})
        except (StepFailed, httpx.HTTPError, ValueError, KeyError) as problem:
            told = str(problem) or type(problem).__name__
            scene.narrator.failed(told)
            raise StepFailed(f"step {number}, '{title}', failed: {told}") from problem
    return record
