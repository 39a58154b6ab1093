"""URLs that the server may be asked to fetch, by their form (RFC 3986)."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from .errors import NotAllowed

MAX_LENGTH = 2048
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})

_CHARACTERS = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")
# RFC 1123 §2.1 and RFC 1034 §3.1, or an IPv6 address without a zone.
_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?|(?=.*:)[0-9a-f:.]+")
_USERINFO = re.compile(r"[^/?#]*//[^/?#]*@")
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads. ``host`` is in lower case; ``authority`` host and port as written."""

    scheme: str
    authority: str
    host: str
    port: int
    path_and_query: str


def target_of(url: str, *, http_on_loopback: bool = False) -> Target:
    """Read a URL. Raises NotAllowed for one that this server never asks, wherever it leads."""
    if len(url) > MAX_LENGTH:
        raise NotAllowed(f"a URL has at most {MAX_LENGTH} characters, this one {len(url)}")
    # RFC 9110 §4.2.4: userinfo in a URI from an untrusted source: treat its presence as an error.
    # Perhaps with a password, so it is not repeated.
    if _USERINFO.match(url):
        raise NotAllowed("the URL has a user name before the host; remove it")
    parts, port = _split(url)
    host = parts.hostname or ""
    # RFC 9700 §2.6: it is RECOMMENDED to use end-to-end TLS.
    is_local = parts.scheme == "http" and host in LOOPBACK_HOSTS and http_on_loopback
    if parts.scheme != "https" and not is_local:
        raise NotAllowed(f"'{url}' must use https")
    if "#" in url:
        raise NotAllowed(f"'{url}' has a fragment; remove '#' and what follows")
    if len(host) > 253 or not _HOST.fullmatch(host) or port == 0:  # noqa: PLR2004  # RFC 1035 §2.3.4
        raise NotAllowed(f"'{url}' has no host name like client.example")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.netloc, host, port or _DEFAULT_PORTS[parts.scheme], path)


def _split(url: str) -> tuple[SplitResult, int | None]:
    if not _CHARACTERS.fullmatch(url):
        raise NotAllowed(f"'{url[:200]}' is not a URL in the characters of RFC 3986")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise NotAllowed(f"'{url}' has an invalid host or port") from None
    return parts, port
