"""Requests that a proxy asks about before it lets them through to an API.

Whoever calls must know that the proxy is to be trusted: what it says of a request is believed.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn, Protocol
from urllib.parse import unquote

from ..dpop.errors import ProofRefused
from ..dpop.uri import normalise
from ..oauth.errors import TemporarilyUnavailable
from .guard import Admitted, Guard
from .presented import Headers
from .principal import Principal
from .refusal import Refusal, unavailable
from .requirement import Requirement

METHOD = "x-forwarded-method"
PROTO = "x-forwarded-proto"
HOST = "x-forwarded-host"
URI = "x-forwarded-uri"

# A proxy says ws or wss of a WebSocket handshake; its client signs http or https (RFC 6455 §3).
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
# RFC 9110 §5.6.2: token.
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,40}")
# RFC 9110 §7.2: Host = uri-host [ ":" port ].
_AUTHORITY = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)(?::[0-9]{1,5})?")


class Protected(Protocol):
    """A registered protected resource (RFC 8707): its URI is the ``aud`` of its tokens."""

    @property
    def uri(self) -> str: ...

    @property
    def scopes(self) -> frozenset[str]: ...


class Unclear(Exception):
    """The proxy does not say clearly what was asked for. The sentence is for its operator."""


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A request as the proxy received it. ``origin``: scheme and authority; ``target``: as sent."""

    method: str
    origin: str
    target: str


def read(headers: Headers) -> Forwarded:
    """Read the X-Forwarded-… header fields of Traefik, Caddy, or nginx as documented.

    Raises Unclear.
    """
    return _checked(
        _only(headers, METHOD), _only(headers, PROTO), _only(headers, HOST), _only(headers, URI)
    )


def read_path(method: str, target: str, headers: Headers) -> Forwarded:
    """Read the request itself, as Envoy sends it: with its own method, path and Host.

    ``target`` is the path and query behind the endpoint's own path. Raises Unclear.
    """
    return _checked(method, _only(headers, PROTO), _only(headers, "host"), target)


def _only(headers: Headers, name: str) -> str:
    values = [value.strip() for each, value in headers if each.lower() == name]
    # What a client sent must not stand beside what the proxy says.
    if len(values) != 1 or not values[0] or ("," in values[0] and name != URI):
        raise Unclear(f"the proxy must send one {name.title()} header field, received {values}")
    return values[0]


def _checked(method: str, proto: str, host: str, target: str) -> Forwarded:
    scheme = _SCHEMES.get(proto.lower())
    if scheme is None or not _TOKEN.fullmatch(method) or not _AUTHORITY.fullmatch(host):
        raise Unclear(f"the proxy sent the method '{method}', '{proto}' and the host '{host}'")
    if not target.startswith("/"):
        raise Unclear("the proxy must send the path as its client did, with its query")
    return Forwarded(method, f"{scheme}://{host}", target)


def is_plain(target: str) -> bool:
    """Whether everybody reads the path alike: a proxy, the API behind it, and this server.

    Empty and dot segments are resolved by some and taken literally by others, which would open one
    resource with the token of another. Clients resolve them before they send (RFC 3986 §6.2.2.3).
    """
    path = unquote(re.split("[?#]", target, maxsplit=1)[0]).replace("\\", "/")
    segments = [segment.partition(";")[0] for segment in path.split("/")[1:]]
    return not any(segment in {".", ".."} for segment in segments) and "" not in segments[:-1]


def resources_of(request: Forwarded, resources: Iterable[Protected]) -> Sequence[Protected]:
    """Return the registered resources whose URI is the longest prefix of the request's.

    One, but for those whose URIs mean the same; none if there is none, or the path is not plain.
    """
    uri = _normal(request.origin + request.target)
    if uri is None or not is_plain(request.target):
        return ()
    found = [(each, prefix) for each in resources if (prefix := _normal(each.uri)) is not None]
    matching = [(each, prefix) for each, prefix in found if _is_below(uri, prefix)]
    longest = max((len(prefix) for _, prefix in matching), default=0)
    return [each for each, prefix in matching if len(prefix) == longest]


def _is_below(uri: str, prefix: str) -> bool:
    return uri == prefix or uri.startswith(prefix.rstrip("/") + "/")


def _normal(uri: str) -> str | None:
    try:
        return normalise(uri)
    except ProofRefused:
        return None


class Resources(Protocol):
    """The registered resources."""

    async def list(self) -> Sequence[Protected]: ...


GuardOf = Callable[[str, Collection[str]], Guard]


class ForwardAuth:
    """Judges forwarded requests. ``guard_of``: from a base URL and the audiences to a guard."""

    def __init__(self, resources: Resources, guard_of: GuardOf) -> None:
        self._resources = resources
        self._guard_of = guard_of

    async def check(
        self, request: Forwarded, headers: Headers, scopes: Collection[str] = ()
    ) -> Admitted:
        """See that the request may reach its resource. Raises Refusal: 401, 403 or 503.

        ``scopes``: all are needed, beside one of those that the resource is registered with.
        """
        try:
            found = resources_of(request, await self._resources.list())
        except TemporarilyUnavailable as reason:
            raise unavailable(reason) from reason
        if not found:
            refuse("no registered resource is at this URL, or its path is not in normal form")
        guard = self._guard_of(request.origin, [each.uri for each in found])
        known = frozenset[str]().union(*(each.scopes for each in found))
        requirement = Requirement(
            scopes=frozenset(scopes), allows=lambda who: not known or bool(who.scopes & known)
        )
        try:
            return await guard.check(request.method, request.target, headers, requirement)
        except Refusal as refusal:
            # nginx turns all but 2xx, 401 and 403 into 500.
            if refusal.status == 400:  # noqa: PLR2004  # invalid_request (RFC 6750 §3.1)
                refusal.status = 401
            raise


def refuse(description: str) -> NoReturn:
    """Refuse what no token would open. Raises Refusal."""
    body = {"error": "access_denied", "error_description": description}
    raise Refusal(403, {}, body, error="access_denied")


def identity(who: Principal) -> Mapping[str, str]:
    """Return the header fields that tell the API who asks. All of them: an empty one says nobody.

    A proxy that copies them all leaves nothing standing of what a client may have sent by these
    names.
    """
    actor = (who.act or {}).get("sub", "")
    fields = {
        "Subject": who.subject,
        "Client-Id": who.client_id,
        "Scope": " ".join(sorted(who.scopes)),
        "Jkt": who.jkt or "",
        "Acr": who.acr or "",
        "Auth-Time": "" if who.auth_time is None else str(int(who.auth_time)),
        "Actor": actor if isinstance(actor, str) else "",
    }
    return {f"X-Holdfast-{name}": _visible(value) for name, value in fields.items()}


def _visible(value: str) -> str:
    """Percent-encode what no header field may hold."""
    return re.sub(r"[^\x20-\x7e]", lambda found: _escaped(found[0]), value)


def _escaped(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "replace"))
