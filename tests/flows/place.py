"""A running server as its users find it, for clients that others wrote."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwskate

from app.cli.demo.browser import Browser
from tests.flows.command_line import PASSWORD, Shell
from tests.person import Person

EMAIL = "ann@example.com"
CALLBACK = "http://127.0.0.1/callback"
SCOPE = "notes.read notes.write"
KEY = jwskate.Jwk.generate(alg="ES256", kid="client-key")


@dataclass(frozen=True)
class Place:
    """A running server, the shell that administers it, and Ann, who has an account."""

    shell: Shell
    issuer: str
    metadata: str

    def register(self, *arguments: str, auth_method: str | None = None) -> dict[str, Any]:
        """Register a client, by private_key_jwt with KEY; return what the command line shows."""
        command = ["client", "add", "--name", "A client", *arguments]
        if auth_method is not None:
            command += ["--auth-method", auth_method]
        if auth_method == "private_key_jwt":
            command += ["--jwks-file", "-"]
        keys = json.dumps({"keys": [KEY.public_jwk().to_dict()]})
        added: dict[str, Any] = self.shell.json(*command, stdin=keys)
        return added

    def visit(self, url: str) -> str:
        """Ann signs in and consents; return where her browser is sent back to."""
        browser = Browser(self.issuer)
        try:
            return browser.authorize(url, email=EMAIL, password=PASSWORD)
        finally:
            browser.close()

    def answer_device(self, uri: str, decision: str = "approve") -> str:
        """Ann opens a complete verification URI, signs in and decides; return what she reads."""

        async def go() -> str:
            async with httpx.AsyncClient(base_url=self.issuer, timeout=60) as http:
                ann = Person(http)
                login = await ann.follow(await ann.open(uri.removeprefix(self.issuer)))
                entry = await ann.follow(await ann.sign_in(login, EMAIL, PASSWORD))
                return (await ann.decide(await ann.submit(entry), decision)).text

        return asyncio.run(go())


@contextmanager
def open_place(folder: Path, **settings: str) -> Iterator[Place]:
    """Run a server with these settings, named without their prefix and in lower case."""
    given = tuple((f"HOLDFAST_{name.upper()}", value) for name, value in settings.items())
    shell = Shell(folder / "data", given)
    with shell.serve() as said:
        shell.json("user", "add", EMAIL, "--password-stdin", stdin=PASSWORD)
        yield Place(shell, said["issuer"], said["metadata"])
