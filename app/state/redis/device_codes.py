"""Device authorizations in Redis.

Two keys in two slots: the user code's holds the hash of the device code, whose record holds all
else. So every operation touches one of them, and what decides touches the record alone.
"""

from pydantic import TypeAdapter

from ...clock import Clock
from ...oauth.device.codes import EARLY, SLOW_DOWN, Decision, DeviceRequest
from ...oauth.device.ports import StoredDeviceCode
from ..keys import RedisKeys
from .link import Link, Script
from .lives import milliseconds, token
from .one_time import OneTimeRecords

_KIND = "device"
_REQUEST = TypeAdapter(DeviceRequest)
_DECISION = TypeAdapter(Decision)
_MARK = len(token())

_NAME = Script("""
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return 1
end
return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0
""")

# The decision opens with its maker's token: a repeated script knows its own work from a second one.
_DECIDE = Script("""
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
redis.call('HSETNX', KEYS[1], 'd', ARGV[1])
return redis.call('HGET', KEYS[1], 'd') == ARGV[1] and 1 or 0
""")

# The last poll is kept with its token and outcome, which a repeated script answers again.
_POLL = Script("""
local at, due, slow_down, token = unpack(ARGV)
local last, slower_by, known, outcome = unpack(
  redis.call('HMGET', KEYS[1], 'p', 'i', 'pt', 'po'))
if known == token then
  return tonumber(outcome)
end
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 1
end
slower_by, outcome = tonumber(slower_by or 0), 1
if last and tonumber(at) - tonumber(last) < tonumber(due) + slower_by then
  slower_by, outcome = slower_by + tonumber(slow_down), 0
end
redis.call('HSET', KEYS[1], 'p', at, 'i', slower_by, 'pt', token, 'po', outcome)
return outcome
""")


class RedisDeviceCodes:
    """Implements ``oauth.device.ports.DeviceCodes``."""

    def __init__(self, link: Link, keys: RedisKeys, clock: Clock) -> None:
        self._link = link
        self._keys = keys
        self._clock = clock
        self._records = OneTimeRecords(link, keys, clock, _KIND, _REQUEST)

    async def put(self, code_hash: str, user_code_hash: str, request: DeviceRequest) -> bool:
        # The record first: a user code that is found leads to one.
        await self._records.put(code_hash, request, request.forgotten_at)
        life = milliseconds(self._clock, request.expires_at)
        name = self._keys.user_code(user_code_hash)
        return bool(await self._link.run(_NAME, (name,), code_hash, life))

    async def find(self, code_hash: str) -> StoredDeviceCode | None:
        name = self._record(code_hash)
        request, decision, spender = await self._link.call("HMGET", name, "v", "d", "s")
        if request is None:
            return None
        return StoredDeviceCode(
            _REQUEST.validate_json(request),
            None if decision is None else _DECISION.validate_json(decision[_MARK:]),
            spender is not None,
        )

    async def named(self, user_code_hash: str) -> str | None:
        found = await self._link.call("GET", self._keys.user_code(user_code_hash))
        return None if found is None else found.decode()

    async def decide(self, code_hash: str, decision: Decision) -> bool:
        marked = token() + _DECISION.dump_json(decision)
        return bool(await self._link.run(_DECIDE, (self._record(code_hash),), marked))

    async def poll(self, code_hash: str, at: float, interval: int) -> bool:
        arguments = (repr(at), interval - EARLY, SLOW_DOWN, token())
        return bool(await self._link.run(_POLL, (self._record(code_hash),), *arguments))

    async def spend(self, code_hash: str) -> bool:
        return await self._records.spend(code_hash)

    def _record(self, code_hash: str) -> str:
        return self._keys.record(_KIND, code_hash)
