"""What a client says of itself for people to read (RFC 7591 §2 and §2.2): kept, never believed."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from . import client_rules
from .errors import Refused

MAX_URI = 2048
MAX_TEXT = 256
MAX_CONTACTS = 20
MAX_TRANSLATIONS = 50

PAGES = frozenset({"client_uri", "logo_uri", "policy_uri", "tos_uri"})
SOFTWARE = frozenset({"software_id", "software_version"})
CONTACTS = "contacts"

# RFC 7591 §2.2: the member's name, "#", and a BCP 47 language tag.
_TRANSLATION = re.compile(
    r"(?P<name>client_name|client_uri|logo_uri|policy_uri|tos_uri)#[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,6}"
)
_URI = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")


def check_types(given: Mapping[str, Any]) -> None:
    """Raise Refused for a member of the wrong JSON type."""
    for name, value in given.items():
        plain = name.partition("#")[0]
        if plain in PAGES | SOFTWARE | {"client_name"} and not isinstance(value, str):
            raise Refused(name, "expected a string")
    contacts = given.get(CONTACTS, [])
    if not isinstance(contacts, list) or not all(isinstance(each, str) for each in contacts):
        raise Refused(CONTACTS, "expected an array of strings")


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that are kept as they came, types checked before. Raises Refused."""
    kept = {name: given[name] for name in sorted(PAGES | SOFTWARE | {CONTACTS}) if name in given}
    translated = {name: given[name] for name in given if _TRANSLATION.fullmatch(name)}
    if len(translated) > MAX_TRANSLATIONS:
        raise Refused(
            min(translated), f"expected at most {MAX_TRANSLATIONS} members with a language tag"
        )
    for name, value in (kept | translated).items():
        _check(name, value)
    return kept | translated


def _check(name: str, value: Any) -> None:  # noqa: ANN401  # whatever JSON has
    if name.partition("#")[0] in PAGES:
        _check_page(name, value)
    elif name == CONTACTS:
        if len(value) > MAX_CONTACTS:
            raise Refused(name, f"expected at most {MAX_CONTACTS}, received {len(value)}")
        for each in value:
            _check_text(name, each)
    elif name in SOFTWARE:
        _check_text(name, value)
    else:
        client_rules.check_name(value, name)


def _check_page(name: str, value: str) -> None:
    if len(value) > MAX_URI:
        raise Refused(name, f"expected at most {MAX_URI} characters, received {len(value)}")
    try:
        parts = urlsplit(value)
        is_https = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_https = False
    # RFC 7591 §2: The value of this field MUST point to a valid web page.
    if not is_https or not _URI.fullmatch(value):
        raise Refused(name, "expected an https URL, like https://client.example/about")


def _check_text(name: str, value: str) -> None:
    if not value or not value.isprintable() or len(value) > MAX_TEXT:
        raise Refused(name, f"expected 1 to {MAX_TEXT} printable characters")
