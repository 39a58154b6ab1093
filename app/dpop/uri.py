"""Comparing htu: syntax-based and scheme-based normalisation (RFC 3986 §6.2.2, §6.2.3)."""

import re
import string
from functools import lru_cache

from .errors import Check, ProofRefused, shown

CACHED_URIS = 512

_DEFAULT_PORTS = {"http": "80", "https": "443"}
_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")

# RFC 3986 §3, without userinfo (RFC 9110 §4.2.4). The path is wider than the grammar, by the
# visible ASCII characters that browsers send unencoded; query and fragment are not looked at.
_URI = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9a-f:.]+\]|(?:[a-z0-9._~!$&'()*+,;=-]|%[0-9a-f]{2})+)"
    r"(?::(?P<port>[0-9]*))?"
    r"(?P<path>(?:/(?:[^%?#\\\x00-\x20\x7f-\U0010ffff]|%[0-9a-f]{2})*)?)"
    r"(?:[?#].*)?",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")


@lru_cache(maxsize=CACHED_URIS)
def normalise(uri: str) -> str:
    """Return the normal form of an http or https URI, without query and fragment.

    Raises the refusal ``htu``, whatever the string, and nothing else.
    """
    parts = _URI.fullmatch(uri)
    if parts is None:
        received = shown(re.split("[?#]", uri, maxsplit=1)[0])
        raise ProofRefused(
            Check.HTU,
            f"htu must be an absolute http or https URI in ASCII, which '{received}' is not",
            expected="an absolute http or https URI",
            received=received,
        )
    # RFC 3986 §6.2.2.1: the scheme and host are case-insensitive and therefore should be
    # normalized to lowercase.
    scheme = parts["scheme"].lower()
    host = _escapes(_escapes(parts["host"]).lower())
    # RFC 3986 §6.2.3: the port is omitted if it is empty or the default of the scheme.
    port = parts["port"] or _DEFAULT_PORTS[scheme]
    authority = host if port == _DEFAULT_PORTS[scheme] else f"{host}:{port}"
    # RFC 3986 §6.2.3: an empty path should be normalized to a path of "/".
    return f"{scheme}://{authority}{_without_dots(_escapes(parts['path'] or '/'))}"


def check_htu(htu: str, uri: str) -> str:
    """Return the normal form if ``htu`` names ``uri``. Raises the refusal ``htu``."""
    expected = normalise(uri)
    received = normalise(htu)
    # RFC 9449 §4.3, check 9: The htu claim matches the HTTP URI value for the HTTP request in which
    # the JWT was received, ignoring any query and fragment parts.
    if received != expected:
        raise ProofRefused(
            Check.HTU,
            f"htu is '{shown(received)}', expected '{shown(expected)}'",
            expected=expected,
            received=shown(received),
        )
    return received


def _escapes(text: str) -> str:
    return _ESCAPE.sub(_escape, text) if "%" in text else text


def _escape(found: re.Match[str]) -> str:
    character = chr(int(found[0][1:], 16))
    # RFC 3986 §6.2.2.2: decoding any percent-encoded octet that corresponds to an unreserved
    # character. §6.2.2.1: the hexadecimal digits should be normalized to uppercase.
    return character if character in _UNRESERVED else found[0].upper()


def _without_dots(path: str) -> str:
    """Remove dot segments (RFC 3986 §5.2.4) from a path that starts with a slash."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)
