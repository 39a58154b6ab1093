"""The people who may sign in."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select, update

from .connection import Connection, Upsert
from .families import SqlFamilies
from .models import UserRow
from .shape import Shape
from .types import storable


@dataclass(frozen=True, slots=True)
class User:
    """A person. ``password_hash`` is an Argon2 hash string; ``created_at`` POSIX seconds."""

    user_id: str
    email: str
    display_name: str
    password_hash: str
    is_admin: bool = False
    disabled: bool = False
    created_at: float = 0.0


SHAPE = Shape(User, UserRow)

_ADD = Upsert.into(UserRow, lambda new: new.on_conflict_do_nothing())
_ALL = select(*SHAPE.columns).order_by(UserRow.email_key)
_FIND = select(*SHAPE.columns).where(UserRow.user_id == bindparam("user_id"))
_LOCK = _FIND.with_for_update()
_FIND_BY_EMAIL = select(*SHAPE.columns).where(UserRow.email_key == bindparam("email_key"))
_REPLACE = update(UserRow).where(UserRow.user_id == bindparam("id"))
_DELETE = delete(UserRow).where(UserRow.user_id == bindparam("user_id"))


def email_key(email: str) -> str:
    """Return the address without case: what is unique, and what sign-in looks for."""
    return email.strip().casefold()


class SqlUsers:
    """Users, inside a unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, user_id: str) -> User | None:
        """Return the user, also when disabled; None if there is none."""
        row = await self._connection.first(_FIND, {"user_id": user_id})
        return None if row is None else SHAPE.load(row)

    async def find_by_email(self, email: str) -> User | None:
        """Return the user with the address, whatever its case, also when disabled."""
        if not storable(email):
            return None
        row = await self._connection.first(_FIND_BY_EMAIL, {"email_key": email_key(email)})
        return None if row is None else SHAPE.load(row)

    async def lock(self, user_id: str) -> User | None:
        """Read the user and keep others from changing them until the unit of work ends."""
        row = await self._connection.first(_LOCK, {"user_id": user_id})
        return None if row is None else SHAPE.load(row)

    async def list(self) -> Sequence[User]:
        """Return every user, by address."""
        return [SHAPE.load(row) for row in await self._connection.all(_ALL)]

    async def add(self, user: User) -> bool:
        """Insert; False if the id or the address, whatever its case, is taken."""
        return await self._connection.count(_ADD, _values(user)) > 0

    async def replace(self, user: User) -> bool:
        """Overwrite; False if there is none. Raises Taken if another user has the address."""
        values = {**_values(user), "id": user.user_id}
        return await self._connection.count(_REPLACE, values) > 0

    async def set_password_hash(self, user_id: str, password_hash: str) -> bool:
        """Change nothing but the password; False if there is no such user."""
        values = {"id": user_id, "password_hash": password_hash}
        return await self._connection.count(_REPLACE, values) > 0

    async def delete(self, user_id: str) -> bool:
        """Delete the user with their consents; their token families stay behind, revoked."""
        await SqlFamilies(self._connection).revoke_all(user_id=user_id)
        return await self._connection.count(_DELETE, {"user_id": user_id}) > 0


def _values(user: User) -> dict[str, object]:
    return {**SHAPE.values(user), "email_key": email_key(user.email)}
