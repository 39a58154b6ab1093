"""Reading requests: form bodies, DPoP header fields, the client's address."""

import re
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from ..oauth.errors import InvalidRequest, PayloadTooLarge, UnsupportedMediaType

MAX_BODY = 64 * 1024
MAX_FIELDS = 200
_QVALUE = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
FORM = "application/x-www-form-urlencoded"

Pairs = list[tuple[str, str]]


async def read_form(request: Request) -> Pairs:
    """Return the fields of a form body in order, repeated ones included.

    Raises UnsupportedMediaType (415), PayloadTooLarge (413) or InvalidRequest (400).
    """
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    # RFC 6749 §3.2: parameters are sent in the "application/x-www-form-urlencoded" format.
    if media_type != FORM:
        raise UnsupportedMediaType(f"Content-Type is '{media_type}', expected '{FORM}'")
    return parse_form(await _read_body(request))


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
