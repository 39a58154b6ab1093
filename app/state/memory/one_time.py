"""Records that are used once: authorization codes, and all that works like them."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from ...clock import Clock
from ...oauth.authorization_code import AuthorizationCode
from ...oauth.ports import StoredCode
from .expiring import Expiring

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Record(Generic[T]):
    """A value, until when it is there (POSIX seconds), and whether it was spent."""

    value: T
    expires_at: float
    spent: bool = False


class OneTimeRecords(Generic[T]):
    """Values by the hash of their credential. A spent one stays visible until its end."""

    def __init__(self, clock: Clock, limit: int) -> None:
        self._clock = clock
        self._records: Expiring[str, Record[T]] = Expiring(lambda record: record.expires_at, limit)

    def put(self, key: str, value: T, expires_at: float) -> None:
        self._records.put(key, Record(value, expires_at), self._clock.now())

    def find(self, key: str) -> Record[T] | None:
        return self._records.get(key, self._clock.now())

    def spend(self, key: str) -> bool:
        record = self.find(key)
        if record is None or record.spent:
            return False
        self._records.replace(key, Record(record.value, record.expires_at, spent=True))
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
