"""Assertion identifiers seen, and attempts counted, in Redis."""

import math

from ...clock import Clock
from ...oauth.errors import TemporarilyUnavailable
from ..keys import RedisKeys, last_second
from .epochs import REBORN, RUN_ID, Epoch, Epochs
from .link import Link, Script
from .lives import milliseconds, token

# The key holds its spender's token: a repeated script knows its own work from a second spend.
_SPEND = Script(
    RUN_ID
    + """
local epoch, assertion = KEYS[1], KEYS[2]
local known, token, life = unpack(ARGV)
if redis.call('GET', epoch) ~= known or string.match(known, '^(%x+):') ~= run then
  return 'reborn'
end
if redis.call('SET', assertion, token, 'NX', 'PX', life) then
  return 'spent'
end
return redis.call('GET', assertion) == token and 'spent' or 'replayed'
"""
)

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

    def __init__(self, link: Link, keys: RedisKeys, epochs: Epochs, clock: Clock) -> None:
        self._link = link
        self._keys = keys
        self._epochs = epochs
        self._clock = clock

    @property
    def born_at(self) -> float | None:
        return self._epochs.born_at

    async def is_spent(self, client_id: str, jti: str) -> bool:
        return bool(await self._link.call("EXISTS", self._keys.assertion(client_id, jti)))

    async def spend(self, client_id: str, jti: str, expires_at: float) -> bool:
        epoch = self._epochs.current
        outcome = await self._spend(client_id, jti, expires_at, epoch)
        if outcome == REBORN:
            await self._epochs.learn(epoch)
            outcome = await self._spend(client_id, jti, expires_at, self._epochs.current)
        if outcome == REBORN:
            raise TemporarilyUnavailable(
                "The server's replay memory keeps restarting: try later", part="state"
            )
        return outcome == "spent"

    async def _spend(self, client_id: str, jti: str, expires_at: float, epoch: Epoch) -> str:
        tag = self._keys.assertion_tag(client_id, jti)
        names = (self._keys.epoch(tag), self._keys.assertion(client_id, jti))
        life = milliseconds(self._clock, last_second(expires_at))
        outcome: bytes = await self._link.run(_SPEND, names, epoch.keys[tag], token(), life)
        return outcome.decode()


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
