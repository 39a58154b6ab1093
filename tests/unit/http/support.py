"""Requests as a server hands them to the application."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.types import Message


def a_request(
    *chunks: bytes, headers: Sequence[tuple[str, str]] = (), ends: bool = True, **scope: Any
) -> Request:
    """Make a request whose body comes in these chunks; not ``ends``: then the client goes away."""
    messages: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks
    ]
    messages.append({"type": "http.request"} if ends else {"type": "http.disconnect"})
    coming = iter(messages)

    async def receive() -> Message:
        return next(coming)

    fields = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    base = {"type": "http", "method": "POST", "path": "/token", "query_string": b""}
    return Request({**base, "headers": fields, "client": ("192.0.2.7", 4711), **scope}, receive)
