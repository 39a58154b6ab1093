"""Reading JSON from the authorization server: bounded in time and size, no redirects."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx

from ..oauth.errors import TemporarilyUnavailable

MAX_BODY = 256 * 1024
PATIENCE = 10.0
RETRY_AFTER = 5
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

OpenHttp = Callable[[], httpx.AsyncClient]

log = logging.getLogger("holdfast.guard")


class Unreadable(Exception):
    """The answer is not what was asked for. ``str()`` is for the log of the API's operator."""


def open_http() -> httpx.AsyncClient:
    """Return a client for one errand."""
    return httpx.AsyncClient(timeout=PATIENCE)


def check_url(url: str) -> str:
    """Return a URL that may be asked for keys. Raises ValueError."""
    parts = urlsplit(url)
    # RFC 8414 §2: a URL that uses the "https" scheme. http is for development, on this machine.
    if parts.scheme != "https" and (parts.scheme, parts.hostname) not in {
        ("http", host) for host in LOOPBACK_HOSTS
    }:
        raise ValueError(f"expected an https URL (http on loopback only), received '{url}'")
    return url


async def get_json(open_client: OpenHttp, url: str) -> dict[str, Any]:
    """Return the JSON object at a URL. Raises TemporarilyUnavailable, and logs why."""
    try:
        async with (
            asyncio.timeout(PATIENCE),
            open_client() as http,
            http.stream("GET", url, headers={"Accept": "application/json"}) as answer,
        ):
            return json_object(url, answer.status_code, await read_body(answer))
    except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError, Unreadable) as error:
        raise out_of_reach(url, error) from error


async def read_body(answer: httpx.Response) -> bytes:
    """Return the body. Raises Unreadable if it is larger than any that is meant."""
    body = bytearray()
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > MAX_BODY:
            raise Unreadable(f"the answer is larger than {MAX_BODY // 1024} KiB")
    return bytes(body)


def json_object(url: str, status: int, body: bytes) -> dict[str, Any]:
    """Return the JSON object that was answered. Raises Unreadable."""
    if status != httpx.codes.OK:
        raise Unreadable(f"{url} answered {status}")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Unreadable(f"{url} did not answer with a JSON object")
    return value


def out_of_reach(url: str, error: Exception) -> TemporarilyUnavailable:
    """Log what went wrong at the URL, and return the refusal that says nothing of it."""
    log.warning(
        "the authorization server is out of reach: %s: %s: %s", url, type(error).__name__, error
    )
    return TemporarilyUnavailable(
        "the authorization server does not answer this API: try again in a moment",
        retry_after=RETRY_AFTER,
        part="issuer",
    )
