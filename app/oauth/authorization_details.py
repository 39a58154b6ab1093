"""Authorization details (RFC 9396): JSON objects that say what a client asks for.

Their types are details_type's. What is here holds for every type: the form, and when one request
asks for no more than another.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from .errors import InvalidAuthorizationDetails

MAX_BYTES = 4096
"""Of the whole parameter in UTF-8. Access tokens carry it, and servers limit header fields."""

MAX_OBJECTS = 10
MAX_DEPTH = 8
MAX_INTEGER = 2**53 - 1

# RFC 9396 §2.2: common data fields that are arrays of strings. identifier is a string.
ARRAYS = ("locations", "actions", "datatypes", "privileges")

Details = tuple[Mapping[str, Any], ...]

# Control characters, halves of surrogate pairs, and what turns the direction of a text around: they
# would let a value look like another one to the person who is asked.
_DECEPTIVE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]"
)


def refused(pointer: str, sentence: str, type_: object = None) -> InvalidAuthorizationDetails:
    """Make the refusal of what is at a JSON pointer (RFC 6901), in an object of this type."""
    of_type = f" (type '{type_[:100]}')" if isinstance(type_, str) else ""
    return InvalidAuthorizationDetails(f"authorization_details{pointer[:200]}{of_type}: {sentence}")


def pointer(*parts: str | int) -> str:
    """Write a JSON pointer (RFC 6901 §3)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def parse(value: str | None) -> Details:
    """Read the parameter. Raises InvalidAuthorizationDetails."""
    if value is None:
        return ()
    if len(value.encode(errors="replace")) > MAX_BYTES:
        raise refused("", f"expected at most {MAX_BYTES} bytes of JSON")
    # RFC 9396 §2: authorization_details contains, in JSON notation, an array of objects.
    objects = _loaded(value)
    if not isinstance(objects, list) or not 0 < len(objects) <= MAX_OBJECTS:
        raise refused("", f"expected a JSON array of 1 to {MAX_OBJECTS} objects")
    for index, each in enumerate(objects):
        _check(each, index)
    return tuple(objects)


def canonical(value: object) -> str:
    """Write JSON so that equal values, and no others, read the same."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def same(one: Details, other: Details) -> bool:
    """Whether both ask for the same, in whatever order."""
    return sorted(map(canonical, one)) == sorted(map(canonical, other))


def types_of(details: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Name the types, each once, in their order."""
    return tuple(dict.fromkeys(each["type"] for each in details))


def as_told(details: Details) -> dict[str, str]:
    """Return what the audit log is told of them: their types, and nothing of what is in them."""
    return {"authorization_details": " ".join(types_of(details))} if details else {}


def narrow(wanted: Details, granted: Details) -> Details:
    """Return what is wanted, if it is no more than was granted.

    Raises InvalidAuthorizationDetails. Each object must be within a granted one of its own: two
    requests for one granted payment would be two payments.
    """
    taken: dict[int, int] = {}

    def place(index: int, tried: set[int]) -> bool:
        for slot, each in enumerate(granted):
            if slot not in tried and _is_within(wanted[index], each):
                tried.add(slot)
                if slot not in taken or place(taken[slot], tried):
                    taken[slot] = index
                    return True
        return False

    for index, each in enumerate(wanted):
        # RFC 9396 §6: The AS checks whether the underlying grant allows the issuance of an access
        # token with the requested authorization details. Otherwise, the AS refuses the request.
        if not place(index, set()):
            raise refused(pointer(index), "this is more than was granted", each["type"])
    return wanted


def _is_within(wanted: Mapping[str, Any], granted: Mapping[str, Any]) -> bool:
    # RFC 9396 §6.1: there is no standardized mechanism to compare two arbitrary authorization
    # detail requests. A field that is missing may mean more, so all must be there; in the arrays
    # of §2.2, whose values add up (the permissions are the product of all), some may be left out.
    if wanted.keys() != granted.keys():
        return False
    return all(
        set(wanted[name]) <= set(granted[name])
        if name in ARRAYS
        else canonical(wanted[name]) == canonical(granted[name])
        for name in granted
    )


def _loaded(value: str) -> object:
    try:
        loaded: object = json.loads(value, parse_constant=_refuse, object_pairs_hook=_members)
    except (ValueError, RecursionError):
        raise refused("", "expected JSON, each member of an object once") from None
    return loaded


def _check(each: object, index: int) -> None:
    if not isinstance(each, dict):
        raise refused(pointer(index), "expected a JSON object")
    type_ = each.get("type")
    # RFC 9396 §2: type: This field is REQUIRED, a string.
    if not isinstance(type_, str) or not type_:
        raise refused(pointer(index, "type"), "expected the name of a type")
    if flaw := _flaw(each, (index,), MAX_DEPTH):
        raise refused(*flaw, type_)
    # RFC 9396 §2.2: An array of strings; identifier: A string.
    for name in ARRAYS:
        if name in each and not _is_set(each[name]):
            at = pointer(index, name)
            raise refused(at, "expected an array of strings, each once, and one at least", type_)
    if not isinstance(each.get("identifier", ""), str):
        raise refused(pointer(index, "identifier"), "expected a string", type_)


def _is_set(value: object) -> bool:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        return False
    return 0 < len(value) == len(set(value))


def _flaw(value: object, at: tuple[str | int, ...], depth: int) -> tuple[str, str] | None:
    """Find what no object may hold: its pointer, and a sentence."""
    if isinstance(value, dict | list):
        if not depth:
            return pointer(*at), f"expected at most {MAX_DEPTH} levels"
        if isinstance(value, dict) and any(map(_DECEPTIVE.search, value)):
            return pointer(*at), "a name holds a character that cannot be shown"
        items = value.items() if isinstance(value, dict) else enumerate(value)
        found = (_flaw(inner, (*at, name), depth - 1) for name, inner in items)
        return next((flaw for flaw in found if flaw), None)
    if isinstance(value, str) and _DECEPTIVE.search(value):
        return pointer(*at), "the text holds a character that cannot be shown"
    # RFC 7493 §2.2: integers outside of these bounds are not read the same everywhere.
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        return pointer(*at), f"expected a number between -{MAX_INTEGER} and {MAX_INTEGER}"
    if isinstance(value, float) and not math.isfinite(value):
        return pointer(*at), "the number is too large"
    return None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _refuse(constant: str) -> NoReturn:
    message = f"{constant} is not JSON"
    raise ValueError(message)
