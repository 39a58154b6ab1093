"""Records that are used once: authorization codes, and all that works like them."""

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from ...clock import Clock
from ...oauth.authorization_code import AuthorizationCode
from ...oauth.par import OpenedRequest, PushedRequest
from ...oauth.ports import StoredCode
from .expiring import Expiring

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Record(Generic[T]):
    """A value, until when it is there (POSIX seconds), and whether it was opened or spent."""

    value: T
    expires_at: float
    spent: bool = False
    opened: bool = False


class OneTimeRecords(Generic[T]):
    """Values by the hash of their credential. A spent one stays visible until its end."""

    def __init__(self, clock: Clock, limit: int) -> None:
        self._clock = clock
        self._records: Expiring[str, Record[T]] = Expiring(lambda record: record.expires_at, limit)

    def put(self, key: str, value: T, expires_at: float) -> None:
        self._records.put(key, Record(value, expires_at), self._clock.now())

    def find(self, key: str) -> Record[T] | None:
        return self._records.get(key, self._clock.now())

    def open(self, key: str, until: float) -> Record[T] | None:
        """Find, and the first time prolong the record's life."""
        record = self.find(key)
        if record is not None and not record.opened:
            record = replace(record, expires_at=until, opened=True)
            self._records.put(key, record, self._clock.now())
        return record

    def change(self, key: str, value: T) -> None:
        """Change the value of a record that is there, until the same time."""
        record = self.find(key)
        if record is not None:
            self._records.replace(key, replace(record, value=value))

    def spend(self, key: str) -> bool:
        record = self.find(key)
        if record is None or record.spent:
            return False
        self._records.replace(key, replace(record, spent=True))
        return True


class MemoryCodes:
    """Implements ``oauth.ports.Codes``."""

    def __init__(self, clock: Clock, limit: int) -> None:
        self._records: OneTimeRecords[AuthorizationCode] = OneTimeRecords(clock, limit)

    async def put(self, code_hash: str, code: AuthorizationCode) -> None:
        self._records.put(code_hash, code, code.expires_at)

    async def find(self, code_hash: str) -> StoredCode | None:
        record = self._records.find(code_hash)
        return StoredCode(record.value, record.spent) if record else None

    async def spend(self, code_hash: str) -> bool:
        return self._records.spend(code_hash)


class MemoryPushedRequests:
    """Implements ``oauth.ports.PushedRequests``."""

    def __init__(self, clock: Clock, limit: int) -> None:
        self._records: OneTimeRecords[PushedRequest] = OneTimeRecords(clock, limit)

    async def put(self, key: str, request: PushedRequest) -> None:
        self._records.put(key, request, request.expires_at)

    async def open(self, key: str, until: float) -> OpenedRequest | None:
        record = self._records.open(key, until)
        return OpenedRequest(record.value, record.spent) if record else None

    async def spend(self, key: str) -> bool:
        return self._records.spend(key)
