"""Which web pages may call the server for a client (RFC 6454)."""

import re
from urllib.parse import urlsplit

from .client import ApplicationType, Client
from .errors import UnauthorizedClient
from .redirect_uri import LOOPBACK_HOSTS

# RFC 6454 §6.2, as browsers send it: lower case, and no port that is the scheme's default. A host
# has 253 characters at most (RFC 1035 §2.3.4). The origin "null" is nobody's.
_ORIGIN = re.compile(
    r"https?://(?:[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::[1-9][0-9]{0,4})?", re.ASCII
)
_DEFAULT_PORTS = {"https": 443, "http": 80}


def is_origin(value: str) -> bool:
    """Whether the value is an origin that a client can have."""
    return _ORIGIN.fullmatch(value) is not None


def origin_of(uri: str) -> str | None:
    """Return the origin of an https URI, or of an http URI on a loopback host; else None."""
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme != "https" and not (parts.scheme == "http" and host in LOOPBACK_HOSTS):
        return None
    shown = f"[{host}]" if ":" in host else host
    is_default = port is None or port == _DEFAULT_PORTS[parts.scheme]
    origin = f"{parts.scheme}://{shown}" + ("" if is_default else f":{port}")
    return origin if is_origin(origin) else None


def origins_of(client: Client) -> frozenset[str]:
    """Return the origins of a client's pages: none unless it is a browser client and enabled.

    A browser client is a public web client; its origins are those of its redirect URIs, and its
    ``allowed_origins``.
    """
    is_browser_client = client.is_public and client.application_type is ApplicationType.WEB
    if client.disabled or not is_browser_client:
        return frozenset()
    found = {origin_of(uri) for uri in (*client.redirect_uris, *client.allowed_origins)}
    return frozenset(origin for origin in found if origin is not None)


def check_origin(origin: str | None, client: Client, issuer: str) -> None:
    """Raise UnauthorizedClient unless the request came from no page, or from one of the client's.

    The issuer's own pages may call as any client.
    """
    # WHATWG Fetch §3.2: browsers send Origin with every POST, and pages cannot change it.
    if origin is None or origin == origin_of(issuer) or origin in origins_of(client):
        return
    raise UnauthorizedClient(
        f"received Origin '{origin[:200]}', which is not among the origins of client "
        f"'{client.client_id}': only a public web client has any, those of its redirect URIs and "
        "its allowed_origins"
    )
