"""The replay memory in Redis: proofs, nonce markers and nonces."""

import secrets

from ...clock import Clock
from ...dpop.ports import Outcome, Spending
from ...oauth.errors import TemporarilyUnavailable
from ..keys import MARKER_LIFETIME, RedisKeys, last_second, nonce_ends_at
from .epochs import REBORN, RUN_ID, Epoch, Epochs
from .link import Link, Script
from .lives import milliseconds, token

# The proof holds its spender's token: a repeated script knows its own work from a replay.
_SPEND = Script(
    RUN_ID
    + """
local epoch, proof, marker = KEYS[1], KEYS[2], KEYS[3]
local known, token, life, owes_nonce, renew, marker_life = unpack(ARGV)
if redis.call('GET', epoch) ~= known or string.match(known, '^(%x+):') ~= run then
  return 'reborn'
end
if owes_nonce == '1' and redis.call('EXISTS', marker) == 1 then
  return 'nonce_owed'
end
if not redis.call('SET', proof, token, 'NX', 'PX', life) then
  if redis.call('GET', proof) ~= token then
    return 'replayed'
  end
end
if renew == '1' then
  redis.call('SET', marker, '1', 'PX', marker_life)
end
return 'fresh'
"""
)

_NONCE = Script("""
local nonce = redis.call('GET', KEYS[1])
if not nonce then
  nonce = ARGV[1]
  redis.call('SET', KEYS[1], nonce, 'PX', ARGV[2])
end
return nonce
""")


class RedisProofs:
    """Implements ``dpop.ports.ProofMemory``."""

    def __init__(self, link: Link, keys: RedisKeys, epochs: Epochs, clock: Clock) -> None:
        self._link = link
        self._keys = keys
        self._epochs = epochs
        self._clock = clock

    @property
    def born_at(self) -> float | None:
        return self._epochs.born_at

    async def spend(self, spending: Spending) -> Outcome:
        epoch = self._epochs.current
        outcome = await self._spend(spending, epoch)
        if outcome == REBORN:
            await self._epochs.learn(epoch)
            outcome = await self._spend(spending, self._epochs.current)
        if outcome == REBORN:
            raise TemporarilyUnavailable(
                "The server's replay memory keeps restarting: try later", part="state"
            )
        return Outcome(outcome)

    async def _spend(self, spending: Spending, epoch: Epoch) -> str:
        tag = self._keys.tag(spending.jkt)
        keys = (
            self._keys.epoch(tag),
            self._keys.proof(tag, spending.proof),
            self._keys.marker(tag, spending.holder),
        )
        outcome: bytes = await self._link.run(
            _SPEND,
            keys,
            epoch.keys[tag],
            token(),
            milliseconds(self._clock, last_second(spending.expires_at)),
            int(spending.owes_nonce),
            int(spending.renew_marker),
            MARKER_LIFETIME * 1000,
        )
        return outcome.decode()

    async def mark(self, jkt: str, holder: str) -> None:
        key = self._keys.marker(self._keys.tag(jkt), holder)
        await self._link.call("SET", key, "1", "PX", MARKER_LIFETIME * 1000)

    async def nonce(self, step: int) -> str:
        await self._epochs.look_again()
        key = self._keys.nonce(self._epochs.current.name, step)
        life = milliseconds(self._clock, nonce_ends_at(step))
        made: bytes = await self._link.run(_NONCE, (key,), secrets.token_urlsafe(16), life)
        return made.decode()

    async def known_nonce(self, step: int) -> str | None:
        await self._epochs.look_again()
        key = self._keys.nonce(self._epochs.current.name, step)
        found: bytes | None = await self._link.call("GET", key)
        return None if found is None else found.decode()
