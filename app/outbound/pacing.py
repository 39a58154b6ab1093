"""How often one address is asked, whatever the names and URLs that lead there.

Strangers choose the URLs: the server must not become the tool with which they flood a third party.
"""

from ipaddress import IPv6Address, IPv6Network

from cachetools import LRUCache

from ..clock import Clock
from .addresses import Address
from .errors import Busy

WINDOW = 60
"""Seconds."""

MAX_ADDRESSES = 10_000


class Pacing:
    """Counts connections to each address, or IPv6 network of one site, in fixed windows."""

    def __init__(self, clock: Clock, *, per_window: int) -> None:
        self._clock = clock
        self._per_window = per_window
        self._counts: LRUCache[str, tuple[float, int]] = LRUCache(MAX_ADDRESSES)

    def count(self, address: Address) -> None:
        """Count one connection, or raise Busy."""
        now, key = self._clock.now(), _site_of(address)
        since, count = self._counts.get(key, (now, 0))
        if now >= since + WINDOW or now < since:
            since, count = now, 0
        self._counts[key] = (since, min(count + 1, self._per_window))
        if count >= self._per_window:
            raise Busy(f"this host was asked {self._per_window} times within a minute; wait one")


def _site_of(address: Address) -> str:
    # RFC 6177 §2: a site has a /64 at the very least.
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return str(address)
