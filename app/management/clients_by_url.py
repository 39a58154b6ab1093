"""Looks clients up in the database first, then at their URLs.

What is stored decides: a row that is disabled blocks the client of that URL.
"""

from collections.abc import Awaitable, Callable

from ..oauth.client import Client
from ..oauth.origin import is_origin
from ..oauth.ports import Clients, Origins
from . import client_url
from .client_documents import Hosts


class ClientsByUrl:
    """oauth.ports.Clients. ``by_url`` finds those that are not stored, by their URL."""

    def __init__(self, stored: Clients, by_url: Callable[[str], Awaitable[Client | None]]) -> None:
        self._stored = stored
        self._by_url = by_url

    async def find(self, client_id: str) -> Client | None:
        client = await self._stored.find(client_id)
        if client is not None or not client_url.is_url(client_id):
            return client
        return await self._by_url(client_id)


class AnyOrigin:
    """oauth.ports.Origins where everybody may be a browser client: all of https, on these hosts.

    Whether the page is one of the client's is known, and checked, once the client is.
    """

    def __init__(self, stored: Origins, hosts: Hosts) -> None:
        self._stored = stored
        self._hosts = hosts

    async def any(self, origin: str) -> bool:
        is_anyones = is_origin(origin) and origin.startswith("https://")
        if is_anyones and self._hosts.include(client_url.host_of(origin)):
            return True
        return await self._stored.any(origin)
