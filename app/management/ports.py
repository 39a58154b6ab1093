"""What management needs from the database: one unit of work, with its audit trail."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from ..oauth.client import Client
from ..oauth.details_type import DetailsType
from ..oauth.ports import AuditTrail, ResourceServer
from ..oauth.registration import InitialToken, Registration
from ..storage.users import User
from ..tokens.ports import SealedKeys


class StoredClients(Protocol):
    """The registered clients, inside a unit of work."""

    async def add(self, client: Client) -> bool:
        """Insert; False if the client_id is taken."""
        ...

    async def find(self, client_id: str) -> Client | None: ...

    async def lock(self, client_id: str) -> Client | None:
        """Read the client and keep others from changing it until the unit of work ends."""
        ...

    async def list(self) -> Sequence[Client]: ...

    async def replace(self, client: Client) -> bool:
        """Overwrite; False if there is none."""
        ...

    async def delete(self, client_id: str) -> bool:
        """Delete the client with its consents and token families."""
        ...


class StoredResources(Protocol):
    """The registered resource servers, inside a unit of work."""

    async def add(self, resource: ResourceServer) -> bool:
        """Insert; False if the URI is taken."""
        ...

    async def find(self, uri: str) -> ResourceServer | None: ...

    async def list(self) -> Sequence[ResourceServer]: ...

    async def delete(self, uri: str) -> bool: ...


class StoredRegistrations(Protocol):
    """That clients registered themselves, inside a unit of work."""

    async def add(self, registration: Registration) -> None: ...

    async def find(self, client_id: str) -> Registration | None: ...

    async def replace(self, registration: Registration) -> None:
        """Overwrite. The client must be locked."""
        ...

    async def count_open(self) -> int:
        """Count the clients that came without an initial access token."""
        ...

    async def forget_unused(self, before: float) -> int:
        """Delete those of them that came before then and that nobody ever allowed anything."""
        ...


class StoredInitialTokens(Protocol):
    """Initial access tokens, inside a unit of work."""

    async def add(self, token: InitialToken) -> None: ...

    async def list(self) -> Sequence[InitialToken]: ...

    async def find(self, token_hash: str) -> InitialToken | None: ...

    async def spend(self, token_id: str, now: float) -> bool:
        """Use it once, in one statement; False if it is used up, expired or gone."""
        ...

    async def delete(self, token_id: str) -> bool: ...


class StoredDetailsTypes(Protocol):
    """The registered types of authorization details, inside a unit of work."""

    async def add(self, new: DetailsType) -> bool:
        """Insert; False if the name is taken."""
        ...

    async def find(self, name: str) -> DetailsType | None: ...

    async def list(self) -> Sequence[DetailsType]: ...

    async def delete(self, name: str) -> bool: ...


class StoredUsers(Protocol):
    """The people, inside a unit of work."""

    async def add(self, user: User) -> bool:
        """Insert; False if the address is taken, in whatever case."""
        ...

    async def find_by_email(self, email: str) -> User | None: ...

    async def lock(self, user_id: str) -> User | None:
        """Read the user and keep others from changing them until the unit of work ends."""
        ...

    async def list(self) -> Sequence[User]: ...

    async def replace(self, user: User) -> bool: ...

    async def delete(self, user_id: str) -> bool:
        """Delete the user with their consents, and revoke their token families."""
        ...


class Families(Protocol):
    """Token families, inside a unit of work."""

    async def revoke_all(
        self, *, client_id: str | None = None, user_id: str | None = None
    ) -> int: ...


class PasswordHasher(Protocol):
    """Makes what is stored of a password."""

    async def hash(self, password: str) -> str: ...


class Work(Protocol):
    """One transaction. Leaving it without ``commit`` rolls back."""

    @property
    def clients(self) -> StoredClients: ...

    @property
    def resources(self) -> StoredResources: ...

    @property
    def registrations(self) -> StoredRegistrations: ...

    @property
    def initial_tokens(self) -> StoredInitialTokens: ...

    @property
    def details_types(self) -> StoredDetailsTypes: ...

    @property
    def users(self) -> StoredUsers: ...

    @property
    def families(self) -> Families: ...

    @property
    def keys(self) -> SealedKeys:
        """The signing keys, but nothing commits before ``commit``."""
        ...

    @property
    def audit(self) -> AuditTrail: ...

    async def commit(self) -> None: ...


class Database(Protocol):
    """Opens units of work."""

    def begin(self) -> AbstractAsyncContextManager[Work]:
        """Open a unit of work that writes."""
        ...

    def read(self) -> AbstractAsyncContextManager[Work]:
        """Open a unit of work that only reads."""
        ...
