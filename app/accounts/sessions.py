"""Sign-in sessions of browsers: who is signed in."""

import re
from dataclasses import dataclass

from ..clock import Clock
from ..credentials import Kind, digest, mint
from ..oauth.interaction import Person
from ..state.session import Session, Sessions
from .ports import Database, User

_VALUE = re.compile(rf"{Kind.SESSION}[A-Za-z0-9_-]{{43}}")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person in a browser."""

    user: User
    session: Session

    @property
    def person(self) -> Person:
        return Person(self.user.user_id, self.session.auth_time, self.session.acr)


class BrowserSessions:
    """Starts, finds and ends sessions. ``lifetime`` in seconds.

    A browser holds a random value; only its hash is stored.
    """

    def __init__(
        self, sessions: Sessions, database: Database, clock: Clock, *, lifetime: int
    ) -> None:
        self._sessions = sessions
        self._database = database
        self._clock = clock
        self._lifetime = lifetime

    async def start(self, user_id: str, replacing: str | None, *, acr: str | None = None) -> str:
        """Start a session and return the browser's new value; the one it held before ends.

        ``acr`` says how the person signed in (see oauth.authentication_context).

        The value is new at every sign-in, so that nobody can plant one beforehand.
        """
        value = mint(Kind.SESSION)
        now = self._clock.now()
        session = Session(
            user_id=user_id,
            auth_time=now,
            csrf=mint(Kind.SESSION),
            expires_at=now + self._lifetime,
            acr=acr,
        )
        await self.end(replacing)
        await self._sessions.put(digest(value), session)
        return value

    async def current(self, value: str | None) -> SignedIn | None:
        """Return who is signed in with this value, if anybody is and still may be."""
        if value is None or not _VALUE.fullmatch(value):
            return None
        session = await self._sessions.find(digest(value))
        if session is None or session.expires_at <= self._clock.now():
            return None
        async with self._database.read() as work:
            user = await work.users.find(session.user_id)
        return None if user is None or user.disabled else SignedIn(user, session)

    async def end(self, value: str | None) -> None:
        """End the session of this value, if there is one."""
        if value is not None and _VALUE.fullmatch(value):
            await self._sessions.delete(digest(value))
