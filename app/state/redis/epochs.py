"""The epochs of Redis: since when the replay memory there remembers everything.

Each bucket has a key that names the server's run and the moment that run first saw the bucket.
A restart or a promotion changes the run, a flush removes the key: either way a new epoch begins.
The script that spends a proof compares both itself, so no proof is taken on a memory that was lost.
"""

import asyncio
import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass

from ...clock import Clock
from ...credentials import digest
from ...oauth.errors import TemporarilyUnavailable
from ..keys import CLOCK_SKEW, RedisKeys
from .link import Link, Script, every

LOOK_AGAIN = 1.0
"""Seconds between two looks at the epochs that no proof gave cause for."""

AT_ONCE = 16
"""Buckets asked at a time, so that those who wait for Redis keep most connections."""

REBORN = "reborn"
"""What a script answers that found another epoch than the one it was given."""

RUN_ID = "local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')\n"

_ENTER = Script(
    RUN_ID
    + """
local policy = string.match(redis.call('INFO', 'memory'), 'maxmemory_policy:([%w%-]+)') or 'unknown'
local epoch = redis.call('GET', KEYS[1])
if not epoch or string.match(epoch, '^(%x+):') ~= run then
  local time = redis.call('TIME')
  epoch = string.format('%s:%d.%06d', run, time[1] + ARGV[1], time[2])
  redis.call('SET', KEYS[1], epoch)
end
return {epoch, policy}
"""
)


class UnsuitableRedis(TemporarilyUnavailable):
    """Redis cannot be used as it is set up. ``str()`` says in one line what to change."""

    def __init__(self, reason: str) -> None:
        super().__init__("The server's short-term memory is not set up as it must be", part="state")
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one replica knows: each bucket's key, a name for all of them, and the newest birth."""

    keys: Mapping[str, bytes]
    name: str
    born_at: float


class Epochs:
    """The epochs as this replica last saw them."""

    def __init__(self, link: Link, keys: RedisKeys, clock: Clock) -> None:
        self._link = link
        self._keys = keys
        self._clock = clock
        self._lock = asyncio.Lock()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._current: Epoch | None = None
        self._first: str | None = None
        self._looked_at = -math.inf

    @property
    def current(self) -> Epoch:
        """What was learnt last. Raises TemporarilyUnavailable before the first time."""
        if self._current is None:
            raise TemporarilyUnavailable("The server is still starting: try again in a moment")
        return self._current

    @property
    def born_at(self) -> float | None:
        """Since when everything is remembered; None: since ever."""
        return None if self.current.name == self._first else self.current.born_at

    def was_first(self, name: str) -> None:
        """Note that no memory came before the epoch of this name, so that it forgot nothing."""
        self._first = name

    async def learn(self, seen: Epoch | None) -> None:
        """Ask every bucket, unless someone did since ``seen`` was the current epoch.

        A bucket out of reach keeps the key it was known by: its own spends will tell. Raises
        UnsuitableRedis when a server would evict live entries.
        """
        async with self._lock:
            if self._current is seen:
                await self._ask(known=seen.keys if seen else {})

    async def look_again(self) -> None:
        """Learn what changed, at most once a second: a hint, so a failure is passed over."""
        if self._clock.now() - self._looked_at >= LOOK_AGAIN:
            self._looked_at = self._clock.now()
            with contextlib.suppress(TemporarilyUnavailable):
                await self.learn(self._current)

    async def verify(self) -> None:
        """Ask every bucket. Raises TemporarilyUnavailable if a single one does not answer."""
        async with self._lock:
            await self._ask(known={})

    async def _ask(self, known: Mapping[str, bytes]) -> None:
        self._looked_at = self._clock.now()
        tags = self._keys.tags
        found = await every(self._enter(tag, known.get(tag)) for tag in tags)
        self._adopt(dict(zip(tags, found, strict=True)))

    async def _enter(self, tag: str, known: bytes | None) -> bytes:
        try:
            async with self._turns:
                answer = await self._link.run(_ENTER, (self._keys.epoch(tag),), CLOCK_SKEW)
        except TemporarilyUnavailable:
            if known is None:
                raise
            return known
        key, policy = answer
        if policy != b"noeviction":
            raise UnsuitableRedis(
                "Redis may evict live entries: set its maxmemory-policy to noeviction,"
                f" it is {policy.decode()}"
            )
        return bytes(key)

    def _adopt(self, keys: Mapping[str, bytes]) -> None:
        before = self._current
        if before and before.keys == keys:
            return
        born_at = max(float(key.partition(b":")[2]) for key in keys.values())
        if before and born_at <= before.born_at:
            # Two servers' clocks differ. Every change must show in born_at: spends compare it.
            born_at = math.nextafter(before.born_at, math.inf)
        self._current = Epoch(keys, digest(repr(sorted(keys.items())))[:16], born_at)
