"""Sign-in sessions in Redis."""

from pydantic import TypeAdapter

from ...clock import Clock
from ..keys import RedisKeys
from ..session import Session
from .link import Link, Script, every
from .lives import milliseconds

_SESSION = TypeAdapter(Session)

_INDEX = Script("""
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
""")


class RedisSessions:
    """Implements ``state.session.Sessions``.

    A person's sessions are listed under a key of their own, in a slot of its own. The list is
    written first, so that every session is in it.
    """

    def __init__(self, link: Link, keys: RedisKeys, clock: Clock) -> None:
        self._link = link
        self._keys = keys
        self._clock = clock

    async def put(self, session_hash: str, session: Session) -> None:
        life = milliseconds(self._clock, session.expires_at)
        index = self._keys.sessions_of(session.user_id)
        now, end = self._clock.now(), session.expires_at
        await self._link.run(_INDEX, (index,), session_hash, end, now, life)
        value = _SESSION.dump_json(session)
        await self._link.call("SET", self._keys.session(session_hash), value, "PX", life)

    async def find(self, session_hash: str) -> Session | None:
        value = await self._link.call("GET", self._keys.session(session_hash))
        return None if value is None else _SESSION.validate_json(value)

    async def delete(self, session_hash: str) -> None:
        await self._link.call("DEL", self._keys.session(session_hash))

    async def delete_all_of(self, user_id: str) -> None:
        """Delete what is listed. The list stays: a session about to be written is in it already."""
        hashes = await self._link.call("ZRANGE", self._keys.sessions_of(user_id), 0, -1)
        await every(self.delete(session_hash.decode()) for session_hash in hashes)
