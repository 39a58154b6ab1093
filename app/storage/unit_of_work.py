"""One transaction and the repositories that take part in it."""

from collections.abc import Callable

from .audit import SqlAuditTrail
from .clients import SqlClients
from .connection import Connection
from .consents import SqlConsents
from .details_types import SqlDetailsTypes
from .families import SqlFamilies
from .first_memory import SqlFirstMemory
from .keys import SqlKeys
from .origins import SqlOrigins
from .refresh_tokens import SqlRefreshTokens
from .registrations import SqlInitialTokens, SqlRegistrations
from .registry_version import SqlRegistryVersion
from .resources import SqlResources
from .revoked_tokens import SqlRevokedTokens
from .users import SqlUsers


class SqlUnitOfWork:
    """oauth.ports.UnitOfWork, and what administration needs in the same transaction."""

    def __init__(
        self, connection: Connection, on_registered: Callable[[], None] | None = None
    ) -> None:
        self._connection = connection
        self._on_registered = on_registered

    @property
    def families(self) -> SqlFamilies:
        return SqlFamilies(self._connection)

    @property
    def refresh_tokens(self) -> SqlRefreshTokens:
        return SqlRefreshTokens(self._connection)

    @property
    def revoked_tokens(self) -> SqlRevokedTokens:
        return SqlRevokedTokens(self._connection)

    @property
    def first_memory(self) -> SqlFirstMemory:
        return SqlFirstMemory(self._connection)

    @property
    def consents(self) -> SqlConsents:
        return SqlConsents(self._connection)

    @property
    def audit(self) -> SqlAuditTrail:
        return SqlAuditTrail(self._connection)

    @property
    def clients(self) -> SqlClients:
        return SqlClients(self._connection)

    @property
    def origins(self) -> SqlOrigins:
        return SqlOrigins(self._connection)

    @property
    def registrations(self) -> SqlRegistrations:
        return SqlRegistrations(self._connection)

    @property
    def initial_tokens(self) -> SqlInitialTokens:
        return SqlInitialTokens(self._connection)

    @property
    def users(self) -> SqlUsers:
        return SqlUsers(self._connection)

    @property
    def resources(self) -> SqlResources:
        return SqlResources(self._connection)

    @property
    def registry_version(self) -> SqlRegistryVersion:
        return SqlRegistryVersion(self._connection)

    @property
    def details_types(self) -> SqlDetailsTypes:
        return SqlDetailsTypes(self._connection)

    @property
    def keys(self) -> SqlKeys:
        return SqlKeys(self._connection)

    async def commit(self) -> None:
        """Commit. The unit of work takes no statement after it."""
        if not self._connection.registered:
            await self._connection.commit()
            return
        # Last, so that nothing is waited for while others wait for this row.
        await self.registry_version.increase()
        try:
            await self._connection.commit()
        finally:
            if self._on_registered is not None:
                self._on_registered()
