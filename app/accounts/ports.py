"""What accounts needs from the database."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from ..oauth.ports import AuditTrail, Consents


class User(Protocol):
    """A person who can sign in."""

    @property
    def user_id(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def display_name(self) -> str: ...
    @property
    def password_hash(self) -> str: ...
    @property
    def is_admin(self) -> bool: ...
    @property
    def disabled(self) -> bool: ...


class Users(Protocol):
    """The people who can sign in, inside a unit of work."""

    async def find(self, user_id: str) -> User | None: ...

    async def find_by_email(self, email: str) -> User | None:
        """Find by address, whatever its case."""
        ...

    async def lock(self, user_id: str) -> User | None:
        """Read the user and keep others from changing them until the unit of work ends."""
        ...

    async def set_password_hash(self, user_id: str, password_hash: str) -> bool: ...


class Families(Protocol):
    """Token families, inside a unit of work."""

    async def revoke_all(self, *, client_id: str | None, user_id: str | None) -> int:
        """Revoke every living family of this client and user."""
        ...


class Work(Protocol):
    """One transaction. Leaving it without ``commit`` rolls back."""

    @property
    def users(self) -> Users: ...
    @property
    def consents(self) -> Consents: ...
    @property
    def families(self) -> Families: ...
    @property
    def audit(self) -> AuditTrail: ...
    async def commit(self) -> None: ...


class Database(Protocol):
    """Opens units of work. Raises TemporarilyUnavailable when the database does not answer."""

    def begin(self) -> AbstractAsyncContextManager[Work]:
        """Open a unit of work that writes."""
        ...

    def read(self) -> AbstractAsyncContextManager[Work]:
        """Open a unit of work that only reads."""
        ...
