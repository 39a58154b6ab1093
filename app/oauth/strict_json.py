"""JSON objects that say one thing to every reader (RFC 8259, RFC 7493 §2.3)."""

import json
import math
from typing import Any, NoReturn


def object_in(raw: bytes) -> dict[str, Any]:
    """Read a JSON object whose members have names of their own. Raises ValueError."""
    try:
        value = json.loads(
            raw, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_members
        )
    except RecursionError:
        value = None
    if not isinstance(value, dict):
        message = "not a JSON object"
        raise ValueError(message)  # noqa: TRY004  what came is wrong, not how this was called
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    # RFC 8259 §4: When the names within an object are not unique, the behavior of software that
    # receives such an object is unpredictable.
    if len(members) != len(pairs):
        message = "a member is there twice"
        raise ValueError(message)
    return members


def _finite(written: str) -> float:
    # RFC 7493 §2.2: numbers that IEEE 754 double precision cannot hold, such as 1E400.
    number = float(written)
    return number if math.isfinite(number) else _refuse(written)


def _refuse(constant: str) -> NoReturn:
    message = f"{constant[:40]} is not JSON"
    raise ValueError(message)
