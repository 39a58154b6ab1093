"""Fetches JSON from a URL that somebody else chose.

The host is resolved once, every address is checked, and the connection goes to the very address
that was checked: a name that points elsewhere a moment later (DNS rebinding) changes nothing. TLS
and the Host header field keep the name. There are no redirects, cookies, credentials or proxies:
httpx's transport knows none of them.
"""

import asyncio
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from ..clock import Clock
from .addresses import Address, Reach, is_loopback, parse
from .errors import BadAnswer, Busy, NoAddress, NotAllowed, Unreachable
from .freshness import max_age_of
from .pacing import Pacing
from .resolver import Resolver, SystemResolver
from .target import Target, target_of

_JSON = re.compile(r"application/(?:[a-z0-9!#$&^_.-]+\+)?json")
_OK = 200
_TOO_MANY = 429
_SERVER_ERROR = 500
_REDIRECTS = range(300, 400)


@dataclass(frozen=True, slots=True)
class Limits:
    """``seconds`` are for everything: the name, all addresses tried, the whole body.

    ``connect_seconds`` are for one address, of ``addresses`` at most; ``at_once`` URLs are fetched
    at a time; ``per_minute`` connections go to one address.
    """

    seconds: float = 5
    connect_seconds: float = 2
    addresses: int = 3
    at_once: int = 16
    per_minute: int = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """A body, and the seconds for which its host calls it fresh; None if it says nothing."""

    body: bytes
    max_age: int | None = None


class Fetcher:
    """Fetches within ``reach``. ``tls`` trusts what the libraries trust unless it is given."""

    def __init__(
        self,
        reach: Reach,
        clock: Clock,
        *,
        limits: Limits | None = None,
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._reach = reach
        self._limits = limits or Limits()
        self._resolver = resolver or SystemResolver()
        self._tls = tls
        self._slots = asyncio.Semaphore(self._limits.at_once)
        self._pacing = Pacing(clock, per_window=self._limits.per_minute)

    async def get(self, url: str, *, max_bytes: int) -> Answer:
        """Return the JSON document at the URL, as bytes. Raises FetchFailed."""
        target = target_of(url, http_on_loopback=self._reach.http_on_loopback)
        begun = False
        try:
            async with asyncio.timeout(self._limits.seconds), self._slots:
                begun = True
                return await self._ask(target, await self._checked(target), max_bytes)
        except TimeoutError:
            if not begun:
                raise Busy("too many other hosts are being asked; try again") from None
            raise Unreachable(
                f"{target.host} did not answer in full within {self._limits.seconds:g} s"
            ) from None

    async def _checked(self, target: Target) -> Sequence[Address]:
        try:
            found = await self._resolver.addresses(target.host, target.port)
            addresses = [parse(text) for text in found]
        except (OSError, ValueError):
            addresses = []
        # draft-ietf-oauth-client-id-metadata-document §6.5: MUST validate that the URL does not
        # resolve to special-use IP addresses as defined in RFC 6890. Said alike of names that are
        # not there, or the answer would tell strangers about the names of the inner network.
        if not addresses or not all(map(self._reach.includes, addresses)):
            raise NoAddress(f"{target.host} has no address on the public internet")
        if target.scheme == "http" and not all(map(is_loopback, addresses)):
            raise NotAllowed(f"http is for this machine only, and {target.host} is another")
        return addresses[: self._limits.addresses]

    async def _ask(self, target: Target, addresses: Sequence[Address], max_bytes: int) -> Answer:
        failure: httpx.TransportError | None = None
        for address in addresses:
            self._pacing.count(address)
            try:
                return await self._ask_at(address, target, max_bytes)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
            except (httpx.TransportError, OSError):
                raise Unreachable(
                    f"{target.host} broke off, or did not answer in HTTP/1.1"
                ) from None
        if "CERTIFICATE_VERIFY_FAILED" in str(failure):
            raise Unreachable(f"the TLS certificate of {target.host} is not to be trusted")
        raise Unreachable(f"no TLS connection to {target.host} could be made")

    async def _ask_at(self, address: Address, target: Target, max_bytes: int) -> Answer:
        request = httpx.Request(
            "GET",
            httpx.URL(
                scheme=target.scheme,
                host=str(address),
                port=target.port,
                raw_path=target.path_and_query.encode(),
            ),
            headers={
                "Host": target.authority,
                "Accept": "application/json",
                # What is not compressed cannot swell.
                "Accept-Encoding": "identity",
                "User-Agent": "Holdfast",
                "Connection": "close",
            },
            extensions={"sni_hostname": target.host, "timeout": self._timeouts()},
        )
        # A connection of its own: one kept open would be taken for other names at that address.
        async with httpx.AsyncHTTPTransport(verify=self._context(), trust_env=False) as transport:
            response = await transport.handle_async_request(request)
            try:
                return await _read(response, target.host, max_bytes)
            finally:
                await response.aclose()

    def _context(self) -> ssl.SSLContext:
        # Reads all certificate authorities: not at the start of a server that never fetches.
        if self._tls is None:
            self._tls = httpx.create_ssl_context()
        return self._tls

    def _timeouts(self) -> dict[str, float]:
        whole = self._limits.seconds
        connect = self._limits.connect_seconds
        return {"connect": connect, "read": whole, "write": whole, "pool": whole}


async def _read(response: httpx.Response, host: str, max_bytes: int) -> Answer:
    _check_head(response, host)
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > max_bytes:
            raise BadAnswer(f"the answer of {host} is longer than {max_bytes} bytes")
    return Answer(bytes(body), max_age_of(response.headers))


def _check_head(response: httpx.Response, host: str) -> None:
    status = response.status_code
    # draft-ietf-oauth-client-id-metadata-document §4: MUST NOT automatically follow HTTP redirects.
    if status in _REDIRECTS:
        raise BadAnswer(f"{host} answered {status}; redirects are not followed: use the last URL")
    if status >= _SERVER_ERROR or status == _TOO_MANY:
        raise Unreachable(f"{host} answered {status}")
    # draft-ietf-oauth-client-id-metadata-document §4: MUST use the 200 OK HTTP status code.
    if status != _OK:
        raise BadAnswer(f"{host} answered {status}, expected 200")
    sent = response.headers.get("content-type", "")
    if not _JSON.fullmatch(sent.partition(";")[0].strip().lower()):
        raise BadAnswer(
            f"{host} answered with the Content-Type '{sent[:100]}', expected application/json"
        )
    encoding = response.headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":
        raise BadAnswer(
            f"{host} answered with the Content-Encoding '{encoding[:100]}', though none was asked "
            "for"
        )
