"""How an authorization request reaches the authorization endpoint.

As plain parameters (RFC 6749 §4.1.1), as one signed object (RFC 9101), or as the URI of what the
client pushed (RFC 9126).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from . import par
from .client import Client
from .errors import InvalidRequest
from .parameters import Parameters

MARK = "opened"
"""The parameter that carries an Opening from page to page."""

OUTER = frozenset({"client_id", "request", "request_uri", MARK})
"""The parameters that are read of a request which is not plain; all others are ignored."""


class Way(StrEnum):
    """The ways."""

    PLAIN = "plain"
    OBJECT = "request"
    PUSHED = "request_uri"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a browser brought. ``value`` is the request object, or the request_uri."""

    way: Way
    client_id: str
    value: str = ""
    mark: str | None = None

    def travelling(self, mark: str) -> list[tuple[str, str]]:
        """Return the parameters that lead back to a request that is not plain."""
        return [("client_id", self.client_id), (str(self.way), self.value), (MARK, mark)]


def read(pairs: Sequence[tuple[str, str]]) -> Delivery:
    """Tell how the request came. Raises InvalidRequest, which must be shown, not redirected."""
    outer = Parameters.parse([pair for pair in pairs if pair[0] in OUTER])
    client_id, request_object = outer.require("client_id"), outer.get("request")
    request_uri, mark = outer.get("request_uri"), outer.get(MARK)
    # RFC 9101 §5: The parameters "request" and "request_uri" MUST NOT be used together.
    if request_object is not None and request_uri is not None:
        raise InvalidRequest("expected request or request_uri, received both")
    if request_object is not None:
        return Delivery(Way.OBJECT, client_id, request_object, mark)
    if request_uri is not None and par.is_pushed(request_uri):
        return Delivery(Way.PUSHED, client_id, request_uri, mark)
    return Delivery(Way.PLAIN, client_id)


def is_plain(pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether the parameters themselves make the request."""
    return not any(value for name, value in pairs if name in {"request", "request_uri"})


def check(way: Way, client: Client, *, require_par: bool) -> None:
    """Raise InvalidRequest unless a request of the client may come this way."""
    # RFC 9126 §4, §6: require_pushed_authorization_requests: the only means of initiating an
    # authorization request the client is allowed to use is PAR.
    if way is not Way.PUSHED and (require_par or client.require_pushed_authorization_requests):
        raise InvalidRequest("expected a pushed authorization request: use /par (RFC 9126)")
    # What was pushed was held to the rule below when it was pushed.
    if way is Way.PLAIN:
        check_signed(client)


def check_signed(client: Client) -> None:
    """Raise InvalidRequest if plain parameters are not enough for the client."""
    # RFC 9101 §10.5: require_signed_request_object: the authorization server MUST reject the
    # authorization request from the client that does not conform to this specification.
    if client.require_signed_request_object:
        raise InvalidRequest("expected a signed request object: use request (RFC 9101)")
