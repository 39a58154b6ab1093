"""Scopes (RFC 6749 §3.3)."""

import re
from collections.abc import Iterable

from .errors import InvalidScope

# RFC 6749 §3.3: scope = scope-token *( SP scope-token ),
# scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")


def is_token(value: str) -> bool:
    """Whether the value is one scope-token."""
    return _SCOPE.fullmatch(value) is not None and " " not in value


def parse(value: str) -> frozenset[str]:
    """Read a scope value: its tokens; their order means nothing. Raises InvalidScope."""
    if not _SCOPE.fullmatch(value):
        raise InvalidScope(
            "scope must be words separated by single spaces, without quotes or backslashes"
        )
    return frozenset(value.split(" "))


def render(scopes: Iterable[str]) -> str:
    """Write scopes as one value, sorted so that equal sets read the same."""
    return " ".join(sorted(scopes))


def narrow(
    requested: str | None, allowed: frozenset[str], *, beside_details: bool = False
) -> frozenset[str]:
    """Decide the scopes of a request that may have ``allowed`` at most. Raises InvalidScope.

    The pre-defined default of RFC 6749 §3.3, when the request names none, is all of ``allowed``:
    what the client is registered for, or on refresh what was granted. ``beside_details``: the
    request says in detail what it wants (RFC 9396), and gets no scopes that it does not name.
    """
    if requested is None:
        return frozenset() if beside_details else allowed
    scopes = parse(requested)
    # RFC 6749 §5.2: invalid_scope: The requested scope is invalid, unknown, malformed, or exceeds
    # the scope granted by the resource owner.
    if excess := scopes - allowed:
        raise InvalidScope(
            f"expected at most '{render(allowed)}', received also '{render(excess)}'"
        )
    return scopes
