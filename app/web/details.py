"""Authorization details (RFC 9396) in the words that people read when they are asked."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ..oauth.authorization_details import Details
from ..oauth.details_type import Types

_COMMON: Mapping[str, str] = MappingProxyType(
    {
        "actions": "Actions",
        "datatypes": "Kinds of data",
        "identifier": "Which one",
        "locations": "Where",
        "privileges": "Rights",
    }
)
_BETWEEN_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\-]+")

Fact = tuple[str, list[str]]


@dataclass(frozen=True, slots=True)
class Shown:
    """One object: what its type is called, and its fields, each with a label and its values."""

    name: str
    facts: list[Fact]


def shown(details: Details, types: Types) -> list[Shown]:
    """Put the objects into words. A label is the ``title`` in the schema, else made of the name."""
    return [_shown(each, types) for each in details]


def _shown(each: Mapping[str, Any], types: Types) -> Shown:
    found = types.get(each["type"])
    fields = {name: value for name, value in each.items() if name != "type"}
    schema: Mapping[str, Any] = found.schema if found else {}
    return Shown(found.name if found else each["type"], list(_facts(fields, "", schema)))


def _facts(value: object, label: str, schema: object) -> Iterator[Fact]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            part = _part(schema, "properties", name)
            yield from _facts(inner, _joined(label, _label(name, part)), part)
    elif isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
        for number, each in enumerate(value, start=1):
            yield from _facts(each, f"{label} {number}", _part(schema, "items"))
    elif isinstance(value, list):
        yield label, [_text(each) for each in value] or [_text(None)]
    else:
        yield label, [_text(value)]


def _part(schema: object, *path: str) -> object:
    for name in path:
        schema = schema.get(name) if isinstance(schema, Mapping) else None
    return schema


def _label(name: str, schema: object) -> str:
    title = schema.get("title") if isinstance(schema, Mapping) else None
    if isinstance(title, str):
        return title
    words = _BETWEEN_WORDS.sub(" ", name).strip() or name
    return _COMMON.get(name) or words[0].upper() + words[1:].lower()


def _joined(label: str, further: str) -> str:
    return f"{label}: {further}" if label else further


def _text(value: object) -> str:
    if value is None or value in ({}, ""):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
