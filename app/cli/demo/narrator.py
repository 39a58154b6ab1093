"""Tells the story to a person; silent when a program listens."""

import sys
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import httpx
from rich.text import Text

from ..output import put
from . import printing

Rows = Sequence[tuple[str, object, str]]


class Narrator:
    """Prints each step as a person would want to see it."""

    def __init__(self, *, quiet: bool) -> None:
        if hasattr(sys.stdout, "reconfigure"):
            # A terminal that knows no arrows shows a stand-in rather than end the demo.
            sys.stdout.reconfigure(errors="replace")
        self._page = printing.page(quiet=quiet)

    def heading(self, number: int, title: str) -> None:
        """Open a step."""
        put(self._page, printing.heading(number, title))

    def say(self, text: str) -> None:
        """Say something; ``*words*`` stand out."""
        put(self._page, printing.paragraph(text))

    def members(self, title: str, rows: Rows) -> None:
        """Show names, values and what they mean."""
        put(self._page, printing.members(title, rows, width=self._page.width))

    def jwt(self, title: str, compact: str) -> None:
        """Show a compact JWS, its parts in colour."""
        put(self._page, printing.block(printing.line(title, "bold"), printing.jwt_parts(compact)))

    def request(self, request: httpx.Request) -> None:
        """Show a request: its line, its DPoP header field, its form."""
        form = dict(parse_qsl(request.content.decode()))
        lines = [printing.line(f"{request.method} {request.url}", "bold")]
        if proof := request.headers.get("DPoP"):
            lines.append(_field("DPoP", proof))
        lines += [_field(name, value) for name, value in form.items()]
        put(self._page, printing.block(*lines))

    def answer(self, response: httpx.Response) -> None:
        """Show an answer: its status and its JSON, long values cut."""
        good = response.is_success
        phrase = HTTPStatus(response.status_code).phrase
        status = printing.line(f"{response.status_code} {phrase}", "bold green" if good else "bold")
        put(self._page, printing.block(status, printing.json_lines(_cut(response.json()))))

    def same(self, names: Sequence[str], values: Sequence[str]) -> None:
        """Show two values one above the other, so that the eye can compare them."""
        width = max(map(len, names))
        rows = [
            Text.assemble((f"{name:<{width}}  ", "cyan"), (value, "bold"), overflow="fold")
            for name, value in zip(names, values, strict=True)
        ]
        put(self._page, printing.block(*rows))

    def verdict(self, text: str, *, good: bool = True) -> None:
        """Say what a step has shown."""
        put(self._page, printing.verdict(text, good=good))

    def failed(self, text: str) -> None:
        """Say that a step did not end as it should."""
        self.verdict(text, good=False)


def _field(name: str, value: str) -> Text:
    return Text.assemble((f"{name}: ", "cyan"), printing.shortened(value), overflow="fold")


def _cut(members: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: printing.shortened(value)
        if isinstance(value, str) and name.endswith("token")
        else value
        for name, value in members.items()
    }
