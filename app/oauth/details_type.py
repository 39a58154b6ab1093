"""Registered types of authorization details (RFC 9396 §2.1), each defined by a JSON Schema."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from json import loads
from typing import Any

from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError

from .authorization_details import Details, canonical, pointer, refused
from .client import Client

# Patterns are matched in linear time, whatever they are; these bound their memory (bytes).
_PATTERNS = RegexOptions(size_limit=1_000_000, dfa_size_limit=1_000_000)

# In messages, in place of the value: it may be somebody's.
_MASK = "the value"


@dataclass(frozen=True, slots=True)
class DetailsType:
    """A type. ``name`` is what people read when they are asked.

    ``schema`` (draft 2020-12) is of the whole object; it need not say anything of ``type``.
    ``resource_uri`` is the one resource server that its objects are for, if there is one.
    ``ask_always``: the person is asked each time, also for what was allowed before.
    """

    type: str
    name: str
    schema: Mapping[str, Any]
    resource_uri: str | None = None
    ask_always: bool = False


Types = Mapping[str, DetailsType]


def validator_of(schema: Mapping[str, Any]) -> Draft202012Validator:
    """Compile a schema. Raises ValueError if it is none."""
    return _compiled(canonical(schema))


def check(details: Details, types: Types) -> None:
    """Raise InvalidAuthorizationDetails unless every object conforms to its type."""
    for index, each in enumerate(details):
        found = types.get(each["type"])
        # RFC 9396 §5: The AS MUST refuse to process any unknown authorization details type or
        # authorization details not conforming to the respective type definition.
        if found is None:
            sentence = "this server knows no such type of authorization details"
            raise refused(pointer(index, "type"), sentence, each["type"])
        _check_conforms(each, index, found)
        _check_locations(each, index, found)


def check_entitled(details: Details, client: Client) -> None:
    """Raise InvalidAuthorizationDetails unless the client may use every type."""
    for index, each in enumerate(details):
        # RFC 9396 §10: authorization_details_types: the types that a client uses.
        if each["type"] not in client.authorization_details_types:
            allowed = ", ".join(sorted(client.authorization_details_types)) or "none"
            sentence = f"this client is registered for {allowed}, not for this type"
            raise refused(pointer(index, "type"), sentence, each["type"])


def resources_of(details: Sequence[Mapping[str, Any]], types: Types) -> tuple[str, ...]:
    """Name the resource servers that the objects are for, each once."""
    return tuple(dict.fromkeys(uri for each in details for uri in _places(each, types)))


def check_registered(details: Details, types: Types, uris: frozenset[str]) -> None:
    """Raise InvalidAuthorizationDetails for a location that is none of these resource servers."""
    for index, each in enumerate(details):
        # RFC 9396 §2.2: locations: the location of the resource or resource server.
        if unknown := [uri for uri in _places(each, types) if uri not in uris]:
            sentence = f"'{unknown[0][:100]}' is the URI of no registered resource"
            raise refused(pointer(index, "locations"), sentence, each["type"])


def for_audience(details: Details, types: Types, audience: Sequence[str]) -> Details:
    """Keep what a token for this audience may carry: objects for it, or for no place named.

    RFC 9396 §9.1: filtered to the specific audience. Objects of unknown types are left out.
    """
    return tuple(each for each in details if is_for(each, types, audience))


def is_for(each: Mapping[str, Any], types: Types, audience: Sequence[str]) -> bool:
    """Whether a token for this audience may carry the object."""
    places = _places(each, types)
    return each["type"] in types and (not places or any(uri in audience for uri in places))


def _places(each: Mapping[str, Any], types: Types) -> tuple[str, ...]:
    if "locations" in each:
        return tuple(each["locations"])
    found = types.get(each["type"])
    return (found.resource_uri,) if found is not None and found.resource_uri else ()


def _check_conforms(each: Mapping[str, Any], index: int, found: DetailsType) -> None:
    known = found.schema["properties"]
    # RFC 9396 §5: MUST abort [...] if any object is of known type but containing unknown fields.
    if unknown := [name for name in each if name not in known and name != "type"]:
        at = pointer(index, unknown[0])
        raise refused(at, f"expected some of {', '.join(sorted(known))}", found.type)
    # RFC 9396 §5: fields of the wrong type, with invalid values, or missing required fields.
    bare = {name: value for name, value in each.items() if name in known}
    flaw = next(validator_of(found.schema).iter_errors(bare), None)
    if flaw is not None:
        raise refused(pointer(index, *flaw.instance_path), flaw.message, found.type)


def _check_locations(each: Mapping[str, Any], index: int, found: DetailsType) -> None:
    uri = found.resource_uri
    if uri is not None and each.get("locations", [uri]) != [uri]:
        raise refused(pointer(index, "locations"), f"expected '{uri}' alone", found.type)


@lru_cache(maxsize=128)
def _compiled(schema: str) -> Draft202012Validator:
    try:
        return Draft202012Validator(
            loads(schema),
            validate_formats=True,
            ignore_unknown_formats=False,
            pattern_options=_PATTERNS,
            mask=_MASK,
            offline=True,
        )
    except ValidationError as error:
        message = f"at {pointer(*error.instance_path)}: {error.message}"
        raise ValueError(message) from None
