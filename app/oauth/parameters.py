"""The parameters of a request, from a form or a query (RFC 6749 §3.1, §3.2, Appendix A)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from .errors import InvalidRequest

_WORD = 256
_TEXT = 2048
_DETAILS = 4096
_JWT = 8192
_TOKEN = 32768

# The longest value taken of each parameter that this server knows. All others are ignored.
LIMITS: Mapping[str, int] = MappingProxyType(
    {
        "acr_values": _TEXT,
        "authorization_details": _DETAILS,
        "actor_token": _TOKEN,
        "actor_token_type": _WORD,
        "audience": _TEXT,
        "client_assertion": _JWT,
        "client_assertion_type": _WORD,
        "client_id": _WORD,
        "client_secret": _WORD,
        "code": _WORD,
        "code_challenge": _WORD,
        "code_challenge_method": _WORD,
        "code_verifier": _WORD,
        "device_code": _WORD,
        "dpop_jkt": _WORD,
        "grant_type": _WORD,
        "login_hint": _WORD,
        "max_age": _WORD,
        "opened": _WORD,
        "prompt": _WORD,
        "redirect_uri": _TEXT,
        "refresh_token": _WORD,
        "request": _JWT,
        "request_uri": _TEXT,
        "requested_token_type": _WORD,
        "resource": _TEXT,
        "response_mode": _WORD,
        "response_type": _WORD,
        "scope": _TEXT,
        "state": _TEXT,
        "subject_token": _TOKEN,
        "subject_token_type": _WORD,
        "token": _TOKEN,
        "token_type_hint": _WORD,
    }
)

# RFC 8707 §2, RFC 8693 §2.1: multiple resource and audience parameters may be used.
_REPEATABLE = frozenset({"audience", "resource"})

# RFC 6749 Appendix A: VSCHAR = %x20-7E, or UNICODECHARNOCRLF where people write the value.
_VSCHAR = re.compile(r"[\x20-\x7e]*")
_UNICODE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f-\x9f\ud800-\udfff]*")
# RFC 8259 §8.1: JSON text MUST be encoded using UTF-8; that of RFC 9396 is one of these.
_BY_PEOPLE = frozenset({"authorization_details", "login_hint"})


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters that keep to the form: each once, of sane length, in the right characters."""

    values: Mapping[str, tuple[str, ...]]

    @classmethod
    def parse(cls, pairs: Sequence[tuple[str, str]]) -> Self:
        """Read decoded name and value pairs. Raises InvalidRequest."""
        sent: dict[str, list[str]] = {}
        for name, value in pairs:
            sent.setdefault(name, []).append(value)
        values: dict[str, tuple[str, ...]] = {}
        for name, all_of_it in sent.items():
            # RFC 6749 §3.2: Request and response parameters MUST NOT be included more than once.
            if len(all_of_it) > 1 and name not in _REPEATABLE:
                raise InvalidRequest(
                    f"expected {name[:64]} once, received it {len(all_of_it)} times"
                )
            # RFC 6749 §3.2: The authorization server MUST ignore unrecognized request parameters.
            if name not in LIMITS:
                continue
            # RFC 6749 §3.2: Parameters sent without a value MUST be treated as if they were
            # omitted from the request.
            if present := tuple(value for value in all_of_it if value):
                for value in present:
                    _check(name, value)
                values[name] = present
        return cls(MappingProxyType(values))

    def get(self, name: str) -> str | None:
        """Return the value, or None if it was not sent. Only for parameters that are not lists."""
        all_of_it = self.all(name)
        return all_of_it[0] if all_of_it else None

    def require(self, name: str) -> str:
        """Return the value. Raises InvalidRequest, naming the parameter, if it was not sent."""
        value = self.get(name)
        # RFC 6749 §5.2: invalid_request: The request is missing a required parameter.
        if value is None:
            raise InvalidRequest(f"the parameter {name} is missing")
        return value

    def pairs(self) -> list[tuple[str, str]]:
        """Return the parameters as they were sent, those left out that are ignored."""
        return [(name, value) for name, values in self.values.items() for value in values]

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of the parameter, in the order sent."""
        if name not in LIMITS:
            message = f"{name} is not in parameters.LIMITS, so it is always ignored"
            raise LookupError(message)
        return self.values.get(name, ())


def _check(name: str, value: str) -> None:
    limit = LIMITS[name]
    if len(value) > limit:
        raise InvalidRequest(f"{name} is {len(value)} characters long, at most {limit} are taken")
    allowed = _UNICODE if name in _BY_PEOPLE else _VSCHAR
    if not allowed.fullmatch(value):
        raise InvalidRequest(f"{name} holds characters that RFC 6749 Appendix A does not allow")
