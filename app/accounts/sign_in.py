"""Signing in with an address and a password."""

from ipaddress import IPv6Address, ip_address, ip_network

from ..clock import Clock
from ..credentials import digest
from ..oauth.authentication_context import PASSWORD
from ..oauth.errors import TooManyAttempts
from ..oauth.ports import Attempts
from ..telemetry.audit import AuditEvent, AuditSink, EventKind
from .errors import WrongCredentials
from .passwords import Passwords
from .ports import Database, User
from .sessions import BrowserSessions, SignedIn

# RFC 5321 §4.5.3.1.3: the maximum total length of a path is 256 octets, its brackets included.
MAX_EMAIL = 254


class SignIn:
    """Signs people in and out of browsers."""

    def __init__(
        self,
        *,
        database: Database,
        passwords: Passwords,
        sessions: BrowserSessions,
        attempts: Attempts,
        audit: AuditSink,
        clock: Clock,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._sessions = sessions
        self._attempts = attempts
        self._audit = audit
        self._clock = clock

    async def sign_in(
        self, email: str, password: str, *, address: str, replacing: str | None
    ) -> str:
        """Return the browser's new session value.

        Raises WrongCredentials, or TooManyAttempts before the password is even looked at, or
        TemporarilyUnavailable.
        """
        # Before anything is counted: a flood of invented addresses must not fill the counters
        # faster than passwords are hashed.
        with self._passwords.place():
            user = await self._admitted(email.strip()[: MAX_EMAIL + 1], password, address)
        value = await self._sessions.start(user.user_id, replacing, acr=PASSWORD)
        self._record(EventKind.SIGNED_IN, user.user_id, address)
        return value

    async def sign_out(self, signed_in: SignedIn, value: str | None, *, address: str) -> None:
        """End the session of this value."""
        await self._sessions.end(value)
        self._record(EventKind.SIGNED_OUT, signed_in.user.user_id, address)

    async def _admitted(self, email: str, password: str, address: str) -> User:
        bucket = _bucket(email, address)
        # Counted before it is verified: parallel guesses cannot slip through together.
        wait = await self._attempts.count(bucket)
        if wait:
            self._record(EventKind.SIGN_IN_FAILED, None, address, reason="too many attempts")
            raise TooManyAttempts("too many wrong passwords for this account", retry_after=wait)
        user = await self._verified(email, password, address)
        await self._attempts.forgive(bucket)
        return user

    async def _verified(self, email: str, password: str, address: str) -> User:
        user = await self._find(email)
        stored = user.password_hash if user is not None else None
        verdict = await self._passwords.verify(stored, password)
        if user is None or user.disabled or not verdict.right:
            user_id = user.user_id if user is not None else None
            self._record(EventKind.SIGN_IN_FAILED, user_id, address, reason="wrong credentials")
            raise WrongCredentials
        if verdict.new_hash is not None:
            await self._rehash(user, verdict.new_hash)
        return user

    async def _find(self, email: str) -> User | None:
        if len(email) > MAX_EMAIL:
            return None
        async with self._database.read() as work:
            return await work.users.find_by_email(email)

    async def _rehash(self, user: User, new_hash: str) -> None:
        async with self._database.begin() as work:
            found = await work.users.lock(user.user_id)
            # A password that was changed meanwhile must not come back.
            if found is not None and found.password_hash == user.password_hash:
                await work.users.set_password_hash(user.user_id, new_hash)
                await work.commit()

    def _record(self, kind: EventKind, user_id: str | None, address: str, **details: str) -> None:
        now = self._clock.now()
        self._audit.record(
            AuditEvent(at=now, kind=kind, user_id=user_id, address=address, details=details)
        )


def _bucket(email: str, address: str) -> str:
    return "sign-in:" + digest(f"{email.casefold()}\n{_network(address)}")


def _network(address: str) -> str:
    """Return the address, or of IPv6 its /64, which one subscriber has to herself."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)
