"""The demo from beginning to end."""

from collections.abc import Callable
from typing import Any

import httpx

from . import attacks, beginnings, signing_in, tokens
from .expectations import StepFailed
from .narrator import Narrator
from .scene import Scene
from .server import Server

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


def play(server: Server, narrator: Narrator) -> list[dict[str, Any]]:
    """Take every step, and return what each has shown. Raises StepFailed naming the one failed."""
    scene = Scene(server, narrator)
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
