"""The mark that an authorization request carries from page to page once a browser opened it.

A request object (RFC 9101) may expire while the person signs in, and neither it nor a pushed
request (RFC 9126) can be rewritten when a sign-in has satisfied its ``prompt`` or ``max_age``. So
the server signs when it first accepted the request, and how old the browser's sign-in was then.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass

from ..credentials import b64url, digest, same

LIFETIME = 1800
"""Seconds that a person may take from opening a request to its answer."""

_MARK = re.compile(r"([0-9.e+]{1,32})~([0-9.e+]{1,32}|-)")


@dataclass(frozen=True, slots=True)
class Opening:
    """When a request was opened, and when its browser's person had signed in, if anybody had.

    Both are POSIX seconds.
    """

    at: float
    auth_time: float | None

    def seal(self, secret: bytes, request: str) -> str:
        """Write the mark of this opening, good for this request (its object or its URI) only."""
        facts = f"{self.at!r}~{'-' if self.auth_time is None else repr(self.auth_time)}"
        return f"{facts}~{_mac(secret, facts, request)}"

    def is_satisfied_by(self, auth_time: float) -> bool:
        """Whether a sign-in was made since, for this request."""
        return auth_time != self.auth_time


def unseal(mark: str | None, secret: bytes, request: str, now: float) -> Opening | None:
    """Read a mark; None if it is not ours, is another request's, or is too old."""
    facts, _, mac = (mark or "").rpartition("~")
    if not same(mac, _mac(secret, facts, request)):
        return None
    found = _MARK.fullmatch(facts)
    if found is None:
        return None
    at, auth_time = found.groups()
    opening = Opening(float(at), None if auth_time == "-" else float(auth_time))
    return opening if now < opening.at + LIFETIME else None


def _mac(secret: bytes, facts: str, request: str) -> str:
    return b64url(hmac.digest(secret, f"{facts}~{digest(request)}".encode(), hashlib.sha256))
