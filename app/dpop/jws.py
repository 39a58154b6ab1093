"""A compact JWS taken apart, strictly (RFC 7515 §5.2, RFC 7519 §7.2). Verifies nothing."""

import json
import string
from dataclasses import dataclass
from typing import Any, NoReturn

from joserfc.util import urlsafe_b64decode

from .errors import Check, ProofRefused, shown

MAX_LENGTH = 8192
BASE64URL = frozenset(string.ascii_letters + string.digits + "-_")

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Jws:
    """A compact JWS whose signature nobody has looked at yet."""

    header: JsonObject
    payload: JsonObject
    signature: bytes
    signing_input: bytes


def parse(value: str) -> Jws:
    """Take a compact JWS apart. Raises the refusal ``jwt.form``."""
    header, payload, signature = split(value)
    return Jws(
        json_object("header", header),
        json_object("payload", payload),
        octets("signature", signature),
        signing_input(value),
    )


def split(value: str) -> tuple[str, str, str]:
    """Return the three encoded parts."""
    if len(value) > MAX_LENGTH:
        raise ProofRefused(
            Check.JWT_FORM,
            f"the proof has {len(value)} characters, at most {MAX_LENGTH} are read",
            expected=f"at most {MAX_LENGTH} characters",
            received=f"{len(value)} characters",
        )
    parts = value.split(".")
    # RFC 7515 §7.1: BASE64URL(UTF8(JWS Protected Header)) || '.' || BASE64URL(JWS Payload) || '.'
    # || BASE64URL(JWS Signature)
    if len(parts) != 3:  # noqa: PLR2004  # the three parts of the sentence above
        raise ProofRefused(
            Check.JWT_FORM,
            "the proof is not a signed JWT in compact form: three parts joined by two dots",
            expected="3 parts",
            received=f"{len(parts)} part{'s' if len(parts) > 1 else ''}",
        )
    return parts[0], parts[1], parts[2]


def signing_input(value: str) -> bytes:
    """Return what the signature covers: all before the last dot, once the parts are ASCII."""
    return value[: value.rindex(".")].encode("ascii")


def octets(part: str, encoded: str) -> bytes:
    """Decode one part. RFC 7515 §2: base64url with all trailing '=' characters omitted."""
    try:
        return urlsafe_b64decode(encoded.encode("ascii"))
    except ValueError:
        # The part itself is not shown: a header may hold a private key by mistake.
        strangers = [character for character in encoded if character not in BASE64URL]
        raise ProofRefused(
            Check.JWT_FORM,
            f"the proof's {part} is not base64url without padding and line breaks",
            expected="characters A-Z a-z 0-9 - _ only, no unused bits at the end",
            received=f"the character '{strangers[0]}'" if strangers else "a damaged end",
        ) from None


def json_object(part: str, encoded: str) -> JsonObject:
    """Decode one part that is a JSON object."""
    raw = octets(part, encoded)
    try:
        value = _decode(raw)
    except _RepeatedMember as repeated:
        raise ProofRefused(
            Check.JWT_FORM,
            f"the proof's {part} names the member '{shown(str(repeated))}' more than once",
            expected="each member once",
        ) from None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ProofRefused(
            Check.JWT_FORM,
            f"the proof's {part} is not a JSON object in UTF-8",
            expected="a JSON object",
        )
    return value


class _RepeatedMember(ValueError):
    """A JSON object names a member twice."""


def _members(pairs: list[tuple[str, Any]]) -> JsonObject:
    members = dict(pairs)
    # RFC 7515 §4: the Header Parameter names within the JOSE Header MUST be unique
    # RFC 7519 §4: the Claim Names within a JWT Claims Set MUST be unique
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        raise _RepeatedMember(next(name for name in names if names.count(name) > 1))
    return members


def _no_number(constant: str) -> NoReturn:
    raise ValueError(constant)


_decoder = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_no_number)


def _decode(raw: bytes) -> object:
    text = raw.decode()
    value: object = _decoder.decode(text)
    # RFC 8259 §8.2: an escape may leave a surrogate unpaired; no UTF-8 can hold that string.
    if "\\u" in text:
        json.dumps(value, ensure_ascii=False).encode()
    return value
