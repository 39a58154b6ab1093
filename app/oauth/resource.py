"""Resource indicators (RFC 8707): for which resources a token is, and with which scopes.

A resource must be registered. A token request may name any of the resources that were granted, and
gets all of them when it names none. A token for named resources carries those of its scopes that at
least one of them knows (RFC 8707 §2.2: downscope to what the resource is able to process); a
resource registered without scopes knows all. A token for no named resource is for the default
audience and keeps its scopes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from . import scope
from .authorization_details import Details
from .errors import InvalidScope, InvalidTarget
from .ports import ResourceServer

MAX_RESOURCES = 10

# RFC 3986 §4.3: absolute-URI = scheme ":" hier-part [ "?" query ]
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]+")


@dataclass(frozen=True, slots=True)
class Target:
    """What an access token is for. ``lifetime`` in seconds, None where no resource sets it."""

    audience: tuple[str, ...]
    scopes: frozenset[str]
    lifetime: int | None = None
    authorization_details: Details = ()


def parse(values: Sequence[str]) -> tuple[str, ...]:
    """Read resource parameters, each URI once, in the order sent. Raises InvalidTarget."""
    if len(values) > MAX_RESOURCES:
        raise InvalidTarget(f"expected at most {MAX_RESOURCES} resources, received {len(values)}")
    for value in values:
        # RFC 8707 §2: Its value MUST be an absolute URI, as specified by Section 4.3 of RFC 3986.
        # The URI MUST NOT include a fragment component.
        if not _ABSOLUTE.fullmatch(value) or not _names_something(value):
            raise InvalidTarget(
                f"resource must be an absolute URI without fragment, received '{value[:200]}'"
            )
    return tuple(dict.fromkeys(values))


def narrow(requested: Sequence[str], granted: tuple[str, ...] | None) -> tuple[str, ...]:
    """Decide the resources of a token. Raises InvalidTarget.

    ``granted`` None means that the client may ask for every registered resource.
    """
    uris = parse(requested)
    if granted is None:
        return uris
    # RFC 8707 §2.2: the resources of a token request are a subset of those originally granted.
    if excess := [uri for uri in uris if uri not in granted]:
        raise InvalidTarget(
            f"expected one of the granted resources ({_list(granted)}), received {_list(excess)}"
        )
    return uris or granted


def aim(
    uris: Sequence[str],
    found: Sequence[ResourceServer | None],
    scopes: frozenset[str],
    *,
    default_audience: str,
) -> Target:
    """Decide the audience, scopes and lifetime of a token. Raises InvalidTarget, InvalidScope.

    ``found`` holds, for each of ``uris``, what is registered under it.
    """
    servers = registered(uris, found)
    if not servers:
        return Target(audience=(default_audience,), scopes=scopes)
    lifetimes = [s.access_token_lifetime for s in servers if s.access_token_lifetime is not None]
    return Target(
        audience=tuple(server.uri for server in servers),
        scopes=_known_to(servers, scopes),
        lifetime=min(lifetimes, default=None),
    )


def registered(
    uris: Sequence[str], found: Sequence[ResourceServer | None]
) -> tuple[ResourceServer, ...]:
    """Return the resource servers that stand behind the URIs. Raises InvalidTarget."""
    # RFC 8707 §2: invalid_target: The requested resource is invalid, missing, unknown, or
    # malformed.
    if unknown := [uri for uri, server in zip(uris, found, strict=True) if server is None]:
        raise InvalidTarget(f"expected registered resources, received also {_list(unknown)}")
    return tuple(server for server in found if server is not None)


def _known_to(servers: Sequence[ResourceServer], scopes: frozenset[str]) -> frozenset[str]:
    if not all(server.scopes for server in servers):
        return scopes
    known = scopes & frozenset[str]().union(*(server.scopes for server in servers))
    if scopes and not known:
        raise InvalidScope(f"the requested resources know none of '{scope.render(scopes)}'")
    return known


def _names_something(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    has_authority = uri[len(parts.scheme) :].startswith("://")
    return bool(parts.hostname if has_authority else parts.path)


def _list(uris: Sequence[str]) -> str:
    return ", ".join(f"'{uri[:200]}'" for uri in uris) or "none"
