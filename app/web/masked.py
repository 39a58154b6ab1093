"""What was read of a pasted request, with everything that may be a secret left out.

Only names that are known to be harmless keep their values.
"""

from collections.abc import Iterator
from urllib.parse import parse_qsl

from ..dpop.errors import shown
from ..dpop.pasted import Pasted

Row = tuple[str, str]

MAX_ROWS = 100
_SHOWN_FIELDS = frozenset(
    {":authority", ":method", ":scheme", "accept", "content-length", "content-type", "host"}
    | {"origin", "user-agent"}
)
_SHOWN_PARAMETERS = frozenset(
    {"audience", "client_assertion_type", "client_id", "code_challenge_method", "grant_type"}
    | {"redirect_uri", "requested_token_type", "resource", "response_type", "scope"}
    | {"subject_token_type", "token_type_hint"}
)


def rows(pasted: Pasted) -> list[Row]:
    """Return names and values to show: request line, header fields, body."""
    return [(shown(name), value) for name, value in _rows(pasted)][:MAX_ROWS]


def _rows(pasted: Pasted) -> Iterator[Row]:
    if pasted.method or pasted.target:
        yield "request line", f"{pasted.method or '?'} {_target(pasted.target or '')}"
    for name, value in pasted.fields:
        yield name, _field(name.lower(), value)
    if pasted.body:
        yield from _body(pasted)


def _target(target: str) -> str:
    path, mark, query = target.partition("?")
    return shown(path) + (f"?{_hidden(query)}" if mark else "")


def _field(name: str, value: str) -> str:
    if name in _SHOWN_FIELDS:
        return shown(value)
    if name == ":path":
        return _target(value)
    scheme, blank, credentials = value.partition(" ")
    if name == "authorization" and blank and scheme.isalpha():
        return f"{shown(scheme)} {_hidden(credentials)}"
    return _hidden(value)


def _body(pasted: Pasted) -> Iterator[Row]:
    media_type = (pasted.field("content-type") or "").partition(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        yield "body", _hidden(pasted.body)
        return
    for name, value in parse_qsl(pasted.body, keep_blank_values=True):
        yield name, shown(value) if name in _SHOWN_PARAMETERS else _hidden(value)


def _hidden(value: str) -> str:
    return f"({len(value)} characters, not shown)"
