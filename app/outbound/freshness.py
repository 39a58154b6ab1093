"""How long an answer may be used again (RFC 9111 §4.2), within bounds of our own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_SECONDS = re.compile(r'"?([0-9]{1,10})"?')


@dataclass(frozen=True, slots=True)
class Times:
    """In seconds. An answer is fresh for what its host says, from ``floor`` to ``ceiling``.

    ``default`` is for hosts that say nothing. A stale one is used ``grace`` longer, while its host
    does not answer. ``pause`` lies between two questions about one URL whose last answer was no
    good, or not good enough; ``long_pause`` if a stale one is there to be used meanwhile.
    """

    floor: int = 60
    default: int = 300
    ceiling: int = 3600
    grace: int = 3600
    pause: int = 10
    long_pause: int = 60

    def lifetime(self, max_age: int | None) -> int:
        """Return for how many seconds an answer is fresh."""
        if max_age is None:
            return self.default
        return max(self.floor, min(self.ceiling, max_age))


def max_age_of(headers: Mapping[str, str]) -> int | None:
    """Return the seconds for which the host calls its answer fresh; None if it says nothing."""
    directives = {}
    for directive in headers.get("cache-control", "").lower().split(","):
        name, _, value = directive.strip().partition("=")
        directives[name] = value
    # RFC 9111 §5.2.2.4 and §5.2.2.5: not without asking again; not at all.
    if {"no-cache", "no-store"} & directives.keys():
        return 0
    if "max-age" not in directives:
        return None
    # RFC 9111 §4.2.1: a value that is not valid is to be considered stale.
    return max(0, _seconds(directives["max-age"]) - _seconds(headers.get("age", "0")))


def _seconds(text: str) -> int:
    found = _SECONDS.fullmatch(text.strip())
    return int(found[1]) if found else 0
