"""Reading requests: form bodies, DPoP header fields, the client's address."""

import re
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from ..oauth import strict_json
from ..oauth.errors import InvalidRequest, PayloadTooLarge, UnsupportedMediaType

MAX_BODY = 64 * 1024
MAX_FIELDS = 200
MAX_DEPTH = 20
_QVALUE = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

# What no database can hold, so that nothing of the kind gets near one.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
# RFC 6750 §2.1: b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]{1,512}=*) *", re.IGNORECASE)

Pairs = list[tuple[str, str]]


async def read_form(request: Request) -> Pairs:
    """Return the fields of a form body in order, repeated ones included.

    Raises UnsupportedMediaType (415), PayloadTooLarge (413) or InvalidRequest (400).
    """
    # RFC 6749 §3.2: parameters are sent in the "application/x-www-form-urlencoded" format.
    _check_media_type(request, FORM)
    return parse_form(await _read_body(request))


async def read_json(request: Request) -> dict[str, Any]:
    """Return a JSON object that has each member once, and texts that can be stored.

    Raises UnsupportedMediaType (415), PayloadTooLarge (413) or InvalidRequest (400).
    """
    # RFC 7591 §3.1: an HTTP POST message with a content type of "application/json".
    _check_media_type(request, JSON)
    body = await _read_body(request)
    try:
        value = strict_json.object_in(body)
    except ValueError:
        value = None
    if value is None or not _is_storable(value, MAX_DEPTH):
        raise InvalidRequest(
            "the body is not a JSON object that has each member once, no NUL character and at most "
            f"{MAX_DEPTH} levels"
        )
    return value


def _check_media_type(request: Request, expected: str) -> None:
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != expected:
        raise UnsupportedMediaType(f"Content-Type is '{media_type}', expected '{expected}'")


def _is_storable(value: object, depth: int) -> bool:
    if isinstance(value, str):
        return _UNSTORABLE.search(value) is None
    if not isinstance(value, dict | list):
        return True
    parts = (*value.keys(), *value.values()) if isinstance(value, dict) else value
    return depth > 0 and all(_is_storable(part, depth - 1) for part in parts)


def read_query(request: Request) -> Pairs:
    """Return the fields of the query component in order. Raises InvalidRequest."""
    return parse_form(request.scope["query_string"])


def parse_form(body: bytes) -> Pairs:
    """Decode form-urlencoded bytes (RFC 6749 appendix B). Raises InvalidRequest."""
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except UnicodeDecodeError:
        raise InvalidRequest("the parameters are not valid UTF-8") from None
    except ValueError:
        raise InvalidRequest(f"more than {MAX_FIELDS} parameters") from None
    if any("\x00" in text for pair in pairs for text in pair):
        raise InvalidRequest("a parameter holds a NUL character")
    return pairs


async def _read_body(request: Request) -> bytes:
    too_large = f"the body is larger than {MAX_BODY // 1024} KiB"
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:12]) > MAX_BODY:
        raise PayloadTooLarge(too_large)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                raise PayloadTooLarge(too_large)
    except ClientDisconnect:
        raise InvalidRequest("the connection ended before the body did") from None
    return bytes(body)


def header_values(request: Request, name: bytes) -> list[str]:
    """Return each value of a header field, as sent, one item a field line."""
    headers: list[tuple[bytes, bytes]] = request.scope["headers"]
    return [value.decode("latin-1") for key, value in headers if key == name]


def dpop_headers(request: Request) -> list[str]:
    """Return the values of the DPoP header field, one item a field line (RFC 9449 §4.1)."""
    return header_values(request, b"dpop")


def authorization(request: Request) -> str | None:
    """Return the value of the Authorization header field. Raises InvalidRequest."""
    values = header_values(request, b"authorization")
    # RFC 6749 §2.3: The client MUST NOT use more than one authentication method in each request.
    if len(values) > 1:
        raise InvalidRequest(f"the request has {len(values)} Authorization header fields; send one")
    return values[0] if values else None


def bearer_token(request: Request) -> str | None:
    """Return the Bearer token of the Authorization header field (RFC 6750 §2.1).

    None where there is no such field, "" where it holds anything else. Raises InvalidRequest.
    """
    value = authorization(request)
    if value is None:
        return None
    found = _BEARER.fullmatch(value)
    return found[1] if found else ""


def origin(request: Request) -> str | None:
    """Return the value of the Origin header field (RFC 6454 §7)."""
    values = header_values(request, b"origin")
    return ", ".join(values) if values else None


def client_address(request: Request) -> str:
    """Return the peer's address; behind trusted proxies, the one they name."""
    return request.client.host if request.client else "unknown"


def prefers(request: Request, media_type: str, *, over: str) -> bool:
    """Whether the Accept header field names ``media_type``, and no lower than ``over``."""
    accepted = ",".join(header_values(request, b"accept")).lower().split(",")
    qualities = dict(_quality(each) for each in accepted)
    return qualities.get(media_type, 0.0) > 0 and qualities[media_type] >= qualities.get(over, 0.0)


def _quality(media_range: str) -> tuple[str, float]:
    media_type, *parameters = (part.strip() for part in media_range.split(";"))
    # RFC 9110 §12.4.2: weight = OWS ";" OWS "q=" qvalue. If no "q" is present, it is 1.
    weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    return media_type, float(weight) if _QVALUE.fullmatch(weight) else 0.0
