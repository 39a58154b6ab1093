"""A browser's sign-in session, and the port of its store."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. Times are POSIX seconds.

    The cookie holds a random value; the store knows only its hash. ``csrf`` is the secret from
    which form tokens are made. ``acr`` says how the person signed in (OpenID Connect Core §2).
    """

    user_id: str
    auth_time: float
    csrf: str
    expires_at: float
    acr: str | None = None


class Sessions(Protocol):
    """Sessions by the hash of their cookie."""

    async def put(self, session_hash: str, session: Session) -> None: ...
    async def find(self, session_hash: str) -> Session | None: ...
    async def delete(self, session_hash: str) -> None: ...
    async def delete_all_of(self, user_id: str) -> None: ...
