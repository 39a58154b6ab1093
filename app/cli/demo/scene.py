"""What the steps of the demo share."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from ...client import DpopKey
from .narrator import Narrator
from .server import Server


@dataclass(slots=True)
class Scene:
    """The actors and what has happened so far. A step fills in what later steps need."""

    server: Server
    narrator: Narrator
    sent: list[httpx.Request] = field(default_factory=list)
    answers: list[httpx.Response] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    client_id: str = ""
    email: str = ""
    password: str = ""
    key: DpopKey = field(default_factory=DpopKey.generate)
    client: Any = None
    code_verifier: str = ""
    state: str = ""
    authorization_url: str = ""
    callback: str = ""
    code: str = ""
    tokens: dict[str, Any] = field(default_factory=dict)

    @property
    def token_endpoint(self) -> str:
        """Where tokens are asked for."""
        return str(self.metadata["token_endpoint"])

    def watch(self) -> dict[str, Any]:
        """Return httpx event hooks that remember every request and answer."""
        return {"request": [self.sent.append], "response": [self.answers.append]}


def decoded(compact: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a JWT, without verifying anything."""
    header, claims, _ = compact.split(".")
    return _json(header), _json(claims)


def _json(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found
