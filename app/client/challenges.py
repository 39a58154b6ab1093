"""Whether an answer asks for the same request with a nonce (RFC 9449 §8, §9)."""

import json
from collections.abc import Iterable
from http import HTTPStatus
from urllib.request import parse_http_list

_ERROR = "use_dpop_nonce"


def wants_nonce(status: int, www_authenticate: Iterable[str], body: bytes) -> bool:
    """Judge an answer by its status, its WWW-Authenticate fields, and the body of a 400."""
    # RFC 9449 §8: the authorization server answers with 400 and the error "use_dpop_nonce".
    if status == HTTPStatus.BAD_REQUEST:
        return json_member(body, "error") == _ERROR
    # RFC 9449 §9: a resource server answers with 401 and a DPoP challenge with that error.
    if status == HTTPStatus.UNAUTHORIZED:
        return any(map(_challenges_for_nonce, www_authenticate))
    return False


def json_member(body: bytes, name: str) -> object:
    """Return a member of a JSON object, None if there is none."""
    try:
        members = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return members.get(name) if isinstance(members, dict) else None


def _challenges_for_nonce(field: str) -> bool:
    scheme = ""
    for item in parse_http_list(field):
        head, _, rest = item.partition(" ")
        # RFC 9110 §11.6.1: a field may hold several challenges, each opening with its scheme.
        if "=" not in head:
            scheme = head.lower()
        name, _, value = (item if "=" in head else rest).partition("=")
        if (scheme, name.strip(), value.strip(' "')) == ("dpop", "error", _ERROR):
            return True
    return False
