"""Which JSON Schemas may define a type of authorization details (RFC 9396 §11.3).

A closed set of keywords of draft 2020-12, so that a misspelt one is refused and not ignored, and
so that the work of checking an object is bounded: no references, hence no recursion. Patterns are
matched in linear time.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..oauth.authorization_details import canonical, pointer
from ..oauth.details_type import validator_of
from .errors import Refused

MAX_BYTES = 16 * 1024
MAX_DEPTH = 16
DIALECT = "https://json-schema.org/draft/2020-12/schema"

_ONE = frozenset(
    {"additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then"}
    | {"unevaluatedItems", "unevaluatedProperties"}
)
_SEVERAL = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED = frozenset({"dependentSchemas", "properties"})
_PLAIN = frozenset(
    {"$comment", "$schema", "const", "default", "dependentRequired", "deprecated", "description"}
    | {"enum", "examples", "exclusiveMaximum", "exclusiveMinimum", "format", "maxContains"}
    | {"maxItems", "maxLength", "maxProperties", "maximum", "minContains", "minItems", "minLength"}
    | {"minProperties", "minimum", "multipleOf", "pattern", "required", "title", "type"}
    | {"uniqueItems"}
)
# What stands beside other schemas and describes a part of the same object.
_PARTIAL = frozenset({"allOf", "anyOf", "dependentSchemas", "else", "if", "not", "oneOf", "then"})
_CLOSING = ("additionalProperties", "unevaluatedProperties")

Path = tuple[str | int, ...]


def check(schema: Mapping[str, Any]) -> None:
    """Raise Refused, saying where, unless the schema may define a type."""
    try:
        size = len(canonical(schema).encode())
    except (ValueError, RecursionError):
        raise Refused("schema", "expected JSON that is not nested without end") from None
    if size > MAX_BYTES:
        raise Refused("schema", f"expected at most {MAX_BYTES} bytes, received {size}")
    if schema.get("$schema", DIALECT) != DIALECT:
        raise Refused("schema", f"at /$schema: expected '{DIALECT}'")
    if schema.get("type") != "object" or not isinstance(schema.get("properties"), dict):
        raise Refused("schema", "expected type 'object', and properties that name every field")
    _check_keywords(schema, (), closed=True)
    try:
        validator_of(schema)
    except ValueError as error:
        raise Refused("schema", str(error)) from None
    if unknown := set(schema.get("required", ())) - {*schema["properties"], "type"}:
        raise Refused("schema", f"at /required: '{min(unknown)}' is none of the properties")


def _check_keywords(schema: object, at: Path, *, closed: bool) -> None:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        raise Refused("schema", f"at {pointer(*at)}: expected a schema")
    if len(at) > MAX_DEPTH:
        raise Refused("schema", f"at {pointer(*at)}: nested more than {MAX_DEPTH} levels deep")
    if unknown := set(schema) - _ONE - _SEVERAL - _NAMED - _PLAIN:
        name = min(unknown, key=str)
        why = "write it out in place" if "ref" in name.lower() else "it is misspelt or not taken"
        raise Refused("schema", f"at {pointer(*at, name)}: {why}")
    # RFC 9396 §5: MUST abort [...] if any object is of known type but containing unknown fields.
    if (
        closed
        and "properties" in schema
        and all(schema.get(name) is not False for name in _CLOSING)
    ):
        place = pointer(*at) or "its top"
        raise Refused("schema", f"at {place}: expected 'additionalProperties': false")
    for keyword, where, inner in _inner(schema, at):
        _check_keywords(inner, where, closed=closed and keyword not in _PARTIAL)


def _inner(schema: Mapping[str, Any], at: Path) -> Iterator[tuple[str, Path, object]]:
    for keyword, value in schema.items():
        if keyword in _ONE:
            yield keyword, (*at, keyword), value
        elif keyword in _SEVERAL and isinstance(value, list):
            for index, each in enumerate(value):
                yield keyword, (*at, keyword, index), each
        elif keyword in _NAMED and isinstance(value, dict):
            for name, each in value.items():
                yield keyword, (*at, keyword, name), each
