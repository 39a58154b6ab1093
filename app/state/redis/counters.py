"""Assertion identifiers seen, and attempts counted, in Redis."""

import math

from ...clock import Clock
from ..keys import RedisKeys, last_second
from .link import Link, Script
from .lives import milliseconds, token

# The key holds its spender's token: a repeated script knows its own work from a second spend.
_SPEND = Script("""
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return 1
end
return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0
""")

_COUNT = Script("""
local count = redis.call('INCR', KEYS[1])
if count == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
if count <= tonumber(ARGV[1]) then
  return 0
end
return redis.call('PTTL', KEYS[1])
""")


class RedisAssertions:
    """Implements ``oauth.ports.Assertions``."""

    def __init__(self, link: Link, keys: RedisKeys, clock: Clock) -> None:
        self._link = link
        self._keys = keys
        self._clock = clock

    async def is_spent(self, client_id: str, jti: str) -> bool:
        return bool(await self._link.call("EXISTS", self._keys.assertion(client_id, jti)))

    async def spend(self, client_id: str, jti: str, expires_at: float) -> bool:
        life = milliseconds(self._clock, last_second(expires_at))
        key = self._keys.assertion(client_id, jti)
        return bool(await self._link.run(_SPEND, (key,), token(), life))


class RedisAttempts:
    """Implements ``oauth.ports.Attempts``: ``limit`` in ``window`` seconds from the first."""

    def __init__(self, link: Link, keys: RedisKeys, limit: int, window: float) -> None:
        self._link = link
        self._keys = keys
        self._limit = limit
        self._window = math.ceil(window * 1000)

    async def count(self, bucket: str) -> int:
        key = self._keys.attempts(bucket)
        # Run again after a lost reply, it counts one attempt twice: an error on the safe side.
        left: int = await self._link.run(_COUNT, (key,), self._limit, self._window)
        return math.ceil(left / 1000)

    async def forgive(self, bucket: str) -> None:
        await self._link.call("DEL", self._keys.attempts(bucket))
