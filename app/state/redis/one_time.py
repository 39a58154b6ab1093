"""Records that are used once: authorization codes, and all that works like them."""

from typing import Generic, TypeVar

from pydantic import TypeAdapter

from ...clock import Clock
from ...oauth.authorization_code import AuthorizationCode
from ...oauth.par import OpenedRequest, PushedRequest
from ...oauth.ports import StoredCode
from ..keys import RedisKeys
from .link import Link, Script
from .lives import milliseconds, token

T = TypeVar("T")

# A full Redis refuses a script at its first write, if that one asks for memory: so it comes first.
_PUT = Script("""
redis.call('HSET', KEYS[1], 'v', ARGV[1])
redis.call('HDEL', KEYS[1], 's')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
""")

# The first to open decides until when the record lives.
_OPEN = Script("""
local record = redis.call('HMGET', KEYS[1], 'v', 's')
if record[1] and redis.call('HSETNX', KEYS[1], 'o', '1') == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return record
""")

# The record holds its spender's token: a repeated script knows its own work from a second spend.
_SPEND = Script("""
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
redis.call('HSETNX', KEYS[1], 's', ARGV[1])
return redis.call('HGET', KEYS[1], 's') == ARGV[1] and 1 or 0
""")


class OneTimeRecords(Generic[T]):
    """Values by the hash of their credential. A spent one stays visible until its end."""

    def __init__(
        self, link: Link, keys: RedisKeys, clock: Clock, kind: str, values: TypeAdapter[T]
    ) -> None:
        self._link = link
        self._keys = keys
        self._clock = clock
        self._kind = kind
        self._values = values

    async def put(self, key: str, value: T, expires_at: float) -> None:
        life = milliseconds(self._clock, expires_at)
        await self._link.run(_PUT, (self._name(key),), self._values.dump_json(value), life)

    async def find(self, key: str) -> tuple[T, bool] | None:
        """Return the value, and whether it was spent; None once its time is over."""
        return self._loaded(*await self._link.call("HMGET", self._name(key), "v", "s"))

    async def open(self, key: str, until: float) -> tuple[T, bool] | None:
        """Find, and the first time prolong the record's life."""
        life = milliseconds(self._clock, until)
        return self._loaded(*await self._link.run(_OPEN, (self._name(key),), life))

    async def spend(self, key: str) -> bool:
        """Atomically: True for one caller, ever."""
        return bool(await self._link.run(_SPEND, (self._name(key),), token()))

    def _loaded(self, value: bytes | None, spender: bytes | None) -> tuple[T, bool] | None:
        return None if value is None else (self._values.validate_json(value), spender is not None)

    def _name(self, key: str) -> str:
        return self._keys.record(self._kind, key)


class RedisCodes:
    """Implements ``oauth.ports.Codes``."""

    def __init__(self, link: Link, keys: RedisKeys, clock: Clock) -> None:
        adapter = TypeAdapter(AuthorizationCode)
        self._records = OneTimeRecords(link, keys, clock, "code", adapter)

    async def put(self, code_hash: str, code: AuthorizationCode) -> None:
        await self._records.put(code_hash, code, code.expires_at)

    async def find(self, code_hash: str) -> StoredCode | None:
        found = await self._records.find(code_hash)
        return StoredCode(*found) if found else None

    async def spend(self, code_hash: str) -> bool:
        return await self._records.spend(code_hash)


class RedisPushedRequests:
    """Implements ``oauth.ports.PushedRequests``."""

    def __init__(self, link: Link, keys: RedisKeys, clock: Clock) -> None:
        adapter = TypeAdapter(PushedRequest)
        self._records = OneTimeRecords(link, keys, clock, "par", adapter)

    async def put(self, key: str, request: PushedRequest) -> None:
        await self._records.put(key, request, request.expires_at)

    async def open(self, key: str, until: float) -> OpenedRequest | None:
        found = await self._records.open(key, until)
        return OpenedRequest(*found) if found else None

    async def spend(self, key: str) -> bool:
        return await self._records.spend(key)
