"""Adding, changing and removing people. Every change commits with its audit event."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from ..accounts import password_rules
from ..accounts.errors import PasswordRefused
from ..clock import Clock
from ..storage.users import User
from ..telemetry.audit import AuditEvent, EventKind
from .errors import NotFound, Refused
from .ports import Database, PasswordHasher, Work
from .user_change import UserChange

# RFC 5321 §4.5.3.1.3: a path has 256 octets, its two brackets included.
MAX_EMAIL = 254
MAX_NAME = 100

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")


class UserManagement:
    """The people who can sign in. ``actor`` is who the audit log names."""

    def __init__(
        self, database: Database, hasher: PasswordHasher, clock: Clock, *, actor: str
    ) -> None:
        self._database = database
        self._hasher = hasher
        self._clock = clock
        self._actor = actor

    async def list(self) -> Sequence[User]:
        """Return everybody, disabled people included."""
        async with self._database.read() as work:
            return await work.users.list()

    async def add(
        self, email: str, password: str, *, display_name: str = "", is_admin: bool = False
    ) -> User:
        """Add a person. Raises Refused."""
        _check_email(email)
        _check_name(display_name)
        user = User(
            user_id="user_" + secrets.token_hex(8),
            email=email,
            display_name=display_name or email.partition("@")[0],
            password_hash=await self._hashed(password, email),
            is_admin=is_admin,
            created_at=self._clock.now(),
        )
        async with self._database.begin() as work:
            if not await work.users.add(user):
                raise Refused("email", f"'{email}' is taken")
            await self._note(work, EventKind.USER_CREATED, user, admin=str(is_admin).lower())
            await work.commit()
        return user

    async def update(self, email: str, change: UserChange) -> User:
        """Change a person. Raises NotFound, Refused.

        A new password, and disabling, also end the tokens the person has given to clients.
        """
        asked = await self._asked(change, email)
        async with self._database.begin() as work:
            before = await _locked(work, email)
            after = replace(before, **asked)
            changed = [
                each.name
                for each in fields(User)
                if getattr(before, each.name) != getattr(after, each.name)
            ]
            if not changed:
                return before
            await work.users.replace(after)
            if after.disabled or after.password_hash != before.password_hash:
                await work.families.revoke_all(user_id=after.user_id)
            what = " ".join(changed).replace("password_hash", "password")
            await self._note(work, EventKind.USER_CHANGED, after, changed=what)
            await work.commit()
        return after

    async def delete(self, email: str) -> None:
        """Delete a person with their consents and tokens. Raises NotFound."""
        async with self._database.begin() as work:
            user = await _locked(work, email)
            await work.users.delete(user.user_id)
            await self._note(work, EventKind.USER_DELETED, user)
            await work.commit()

    async def _asked(self, change: UserChange, email: str) -> dict[str, Any]:
        asked: dict[str, Any] = {
            name: value
            for name in ("display_name", "is_admin", "disabled")
            if (value := getattr(change, name)) is not None
        }
        if change.display_name is not None:
            _check_name(change.display_name)
        if change.password is not None:
            asked["password_hash"] = await self._hashed(change.password, email)
        return asked

    async def _hashed(self, password: str, email: str) -> str:
        try:
            password_rules.check(password, email=email)
        except PasswordRefused as error:
            raise Refused("password", error.description) from None
        return await self._hasher.hash(password)

    async def _note(self, work: Work, kind: EventKind, user: User, **details: str) -> None:
        await work.audit.add(
            AuditEvent(
                at=self._clock.now(),
                kind=kind,
                user_id=user.user_id,
                details={"actor": self._actor, **details},
            )
        )


async def _locked(work: Work, email: str) -> User:
    found = await work.users.find_by_email(email)
    user = found and await work.users.lock(found.user_id)
    if user is None:
        raise NotFound("email", f"there is nobody '{email}'; `holdfast user list` shows everybody")
    return user


def _check_email(email: str) -> None:
    if len(email) > MAX_EMAIL or not email.isprintable() or not _EMAIL.fullmatch(email):
        raise Refused("email", f"expected an address like ann@example.com, received '{email[:80]}'")


def _check_name(name: str) -> None:
    if len(name) > MAX_NAME or not name.isprintable():
        raise Refused("display_name", f"expected at most {MAX_NAME} printable characters")
