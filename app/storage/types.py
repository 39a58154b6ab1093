"""How domain values lie in columns, the same in SQLite and PostgreSQL."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import JSON, DateTime, Dialect, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from ..oauth.client import ClientSecret

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

# PostgreSQL takes no NUL, and no encoding takes half a surrogate pair.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def storable(text: str) -> bool:
    """Whether a database can hold the text, and so might have it."""
    return _UNSTORABLE.search(text) is None


def cleaned(text: str) -> str:
    """Return the text with what no database can hold replaced."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


class _Converted(TypeDecorator[T], Generic[T]):
    """None stays None; subclasses say how a value is stored and loaded."""

    def store(self, value: T) -> Any:  # noqa: ANN401  # whatever the underlying type takes
        raise NotImplementedError

    def load(self, stored: Any) -> T:  # noqa: ANN401  # whatever the underlying type gives
        raise NotImplementedError

    def process_bind_param(self, value: T | None, _dialect: Dialect) -> object:
        return None if value is None else self.store(value)

    def process_result_value(self, value: object | None, _dialect: Dialect) -> T | None:
        return None if value is None else self.load(value)


class PosixTime(_Converted[float]):
    """POSIX seconds as a timestamp with time zone: UTC, to the microsecond."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def store(self, value: float) -> datetime:
        return datetime.fromtimestamp(value, UTC)

    def load(self, stored: datetime) -> float:
        # SQLite keeps no zone; what we wrote was UTC.
        return (stored if stored.tzinfo else stored.replace(tzinfo=UTC)).timestamp()


class Words(_Converted[frozenset[str]]):
    """A set of words without spaces, such as a scope: sorted, one space between (RFC 6749 §3.3)."""

    impl = String
    cache_ok = True

    def store(self, value: frozenset[str]) -> str:
        return " ".join(sorted(value))

    def load(self, stored: str) -> frozenset[str]:
        return frozenset(stored.split())


class Texts(_Converted[tuple[str, ...]]):
    """Texts in their order, as a JSON array."""

    impl = JSON
    cache_ok = True

    def store(self, value: tuple[str, ...]) -> list[str]:
        return list(value)

    def load(self, stored: Sequence[str]) -> tuple[str, ...]:
        return tuple(stored)


class Members(_Converted[frozenset[str]]):
    """A set as the names of a JSON object, so that one statement can merge two (see consents)."""

    impl = JSON().with_variant(JSONB(), "postgresql")
    cache_ok = True

    def store(self, value: frozenset[str]) -> dict[str, int]:
        return dict.fromkeys(sorted(value), 1)

    def load(self, stored: Mapping[str, int]) -> frozenset[str]:
        return frozenset(stored)


class Objects(_Converted[tuple[Mapping[str, Any], ...]]):
    """JSON objects in their order, as a JSON array; none as NULL."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(
        self, value: tuple[Mapping[str, Any], ...] | None, _dialect: Dialect
    ) -> object:
        return list(value) if value else None

    def process_result_value(
        self, value: object | None, _dialect: Dialect
    ) -> tuple[Mapping[str, Any], ...]:
        return tuple(value) if isinstance(value, list) else ()


class Secrets(_Converted[tuple[ClientSecret, ...]]):
    """A client's secrets, as a JSON array: rotation with overlap is one write of one row."""

    impl = JSON
    cache_ok = True

    def store(self, value: tuple[ClientSecret, ...]) -> list[dict[str, Any]]:
        return [{"hash": secret.hash, "expires_at": secret.expires_at} for secret in value]

    def load(self, stored: Sequence[Mapping[str, Any]]) -> tuple[ClientSecret, ...]:
        return tuple(ClientSecret(each["hash"], each["expires_at"]) for each in stored)


class Choice(_Converted[E]):
    """A member of an enumeration, by its value."""

    impl = String
    cache_ok = True

    def __init__(self, choices: type[E]) -> None:
        super().__init__()
        self.choices = choices

    def store(self, value: E) -> str:
        return value.value

    def load(self, stored: str) -> E:
        return self.choices(stored)
