"""Keeps a proof from being sent anywhere but to the URL that it names.

httpx follows redirects below its auth, with the header fields of the first request. What is about
to be sent can be seen by a request's trace extension, and be stopped there.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

from .errors import RedirectRefused

_ABOUT_TO_SEND = ".send_request_headers.started"
_DEFAULT_PORTS = {"http": 80, "https": 443}

Info = Mapping[str, Any]


def stay(request: httpx.Request) -> None:
    """Let the request's proof go to the request's URL only, in a synchronous client.

    Raises RedirectRefused when a redirect is followed, before anything is sent there.
    """
    also: Callable[[str, Info], None] | None = request.extensions.get("trace")

    def look(event: str, info: Info) -> None:
        _check(event, info, request)
        if also is not None:
            also(event, info)

    request.extensions["trace"] = look


def stay_async(request: httpx.Request) -> None:
    """Do the same in an asynchronous client."""
    also: Callable[[str, Info], Awaitable[None]] | None = request.extensions.get("trace")

    async def look(event: str, info: Info) -> None:
        _check(event, info, request)
        if also is not None:
            await also(event, info)

    request.extensions["trace"] = look


def _check(event: str, info: Info, request: httpx.Request) -> None:
    if not event.endswith(_ABOUT_TO_SEND):
        return
    sent = info["request"]
    # A CONNECT to a proxy carries no proof.
    if not any(name.lower() == b"dpop" for name, _ in sent.headers):
        return
    goal = _goal(sent.url)
    if _parts(goal) != _parts(request.url):
        raise RedirectRefused(
            f"{request.url.host} redirects to {goal.host}, and the proof names the first URL "
            "only: leave follow_redirects off, and make a request of your own to the new URL",
            request=request,
        )


def _goal(url: Any) -> httpx.URL:  # noqa: ANN401  # httpcore.URL, whose package is httpx's business
    # RFC 9112 §3.2.2: to a proxy the target is in absolute form.
    if url.target.startswith(b"http"):
        return httpx.URL(url.target.decode("ascii"))
    scheme, host = url.scheme.decode("ascii"), url.host.decode("ascii")
    return httpx.URL(scheme=scheme, host=host, port=url.port, raw_path=url.target)


def _parts(url: httpx.URL) -> tuple[str, bytes, int | None, bytes]:
    return url.scheme, url.raw_host, url.port or _DEFAULT_PORTS.get(url.scheme), url.raw_path
