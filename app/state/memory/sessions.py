"""Sign-in sessions of one process."""

from ...clock import Clock
from ..session import Session
from .expiring import Expiring


class MemorySessions:
    """Implements ``state.session.Sessions``."""

    def __init__(self, clock: Clock, limit: int) -> None:
        self._clock = clock
        self._sessions: Expiring[str, Session] = Expiring(lambda session: session.expires_at, limit)

    async def put(self, session_hash: str, session: Session) -> None:
        self._sessions.put(session_hash, session, self._clock.now())

    async def find(self, session_hash: str) -> Session | None:
        return self._sessions.get(session_hash, self._clock.now())

    async def delete(self, session_hash: str) -> None:
        self._sessions.delete(session_hash)

    async def delete_all_of(self, user_id: str) -> None:
        theirs = [key for key, session in self._sessions.items() if session.user_id == user_id]
        for key in theirs:
            self._sessions.delete(key)
