"""Reading what a request presents: its access token, and the proof beside it. Decides no trust."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl

from .reasons import InvalidRequest, NoToken

MAX_TOKEN = 16 * 1024

Headers = Iterable[tuple[str, str]]

# RFC 9449 §7.1, RFC 6750 §2.1: credentials = scheme 1*SP token68
_CREDENTIALS = re.compile(r"(?P<scheme>[A-Za-z]+) +(?P<token>[A-Za-z0-9\-._~+/]+=*)")


@dataclass(frozen=True, slots=True)
class Presented:
    """An access token by the scheme it came with. ``proofs``: values of the DPoP fields."""

    scheme: Literal["DPoP", "Bearer"]
    token: str
    proofs: tuple[str, ...]


def read(target: str, headers: Headers) -> Presented:
    """Read the header fields and the query. Raises NoToken or InvalidRequest.

    The body is never looked into: a token there is none (RFC 6750 §2.2 is not supported).
    """
    authorization, proofs = [], []
    for name, value in headers:
        lower = name.lower()
        if lower == "authorization":
            authorization.append(value)
        elif lower == "dpop":
            proofs.append(value)
    _check_query(target)
    if not authorization:
        raise NoToken("the request has no Authorization header field with an access token")
    # RFC 6750 §3.1: invalid_request: The request [...] repeats the same parameter, uses more than
    # one method for including an access token, or is otherwise malformed.
    if len(authorization) > 1:
        raise InvalidRequest(
            f"the request has {len(authorization)} Authorization header fields; send one"
        )
    return _parse(authorization[0].strip(" \t"), tuple(proofs))


def _parse(value: str, proofs: tuple[str, ...]) -> Presented:
    scheme = value.partition(" ")[0].lower()
    # RFC 6750 §3.1: a request that attempted an unsupported authentication method lacks
    # authentication information.
    if scheme not in {"dpop", "bearer"}:
        raise NoToken("the Authorization header field is not of the scheme DPoP")
    if len(value) > MAX_TOKEN:
        raise InvalidRequest(f"the access token is longer than {MAX_TOKEN} characters")
    # RFC 9110 §5.3: field lines of one name may have been combined into one, joined by commas.
    if "," in value:
        raise InvalidRequest("the Authorization header field holds several values; send one token")
    found = _CREDENTIALS.fullmatch(value)
    if found is None:
        raise InvalidRequest(
            "the Authorization header field must be the scheme, a space and the access token"
        )
    return Presented("DPoP" if scheme == "dpop" else "Bearer", found["token"], proofs)


def _check_query(target: str) -> None:
    query = target.partition("?")[2].partition("#")[0]
    # RFC 9700 §4.3.2: access tokens in a URI query parameter end up in logs and histories. The
    # method of RFC 6750 §2.3 is not supported.
    if query and any(
        name == "access_token" for name, _ in parse_qsl(query, keep_blank_values=True)
    ):
        raise InvalidRequest("the access token must not be in the query; send it in Authorization")
