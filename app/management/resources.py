"""Registering resource servers (RFC 8707): the APIs that tokens are for."""

from collections.abc import Sequence

from ..clock import Clock
from ..oauth import resource
from ..oauth.errors import OAuthError
from ..oauth.ports import ResourceServer
from ..telemetry.audit import AuditEvent, EventKind
from .client_rules import check_scopes
from .errors import NotFound, Refused
from .ports import Database, Work

# As app.settings.MAX_ACCESS_TOKEN_LIFETIME: retired keys stay published for so long.
MAX_LIFETIME = 3600
MAX_NAME = 100


class ResourceManagement:
    """The resource servers. ``actor`` is who the audit log names."""

    def __init__(self, database: Database, clock: Clock, *, actor: str) -> None:
        self._database = database
        self._clock = clock
        self._actor = actor

    async def list(self) -> Sequence[ResourceServer]:
        """Return every resource server."""
        async with self._database.read() as work:
            return await work.resources.list()

    async def add(self, new: ResourceServer) -> ResourceServer:
        """Register a resource server. Raises Refused."""
        _check(new)
        async with self._database.begin() as work:
            if not await work.resources.add(new):
                raise Refused("uri", f"'{new.uri}' is already registered")
            await self._note(work, EventKind.RESOURCE_CREATED, new.uri)
            await work.commit()
        return new

    async def delete(self, uri: str) -> None:
        """Remove a resource server; tokens issued for it live until they expire."""
        async with self._database.begin() as work:
            if not await work.resources.delete(uri):
                raise NotFound("uri", f"there is no resource '{uri}'; see `holdfast resource list`")
            await self._note(work, EventKind.RESOURCE_DELETED, uri)
            await work.commit()

    async def _note(self, work: Work, kind: EventKind, uri: str) -> None:
        await work.audit.add(
            AuditEvent(
                at=self._clock.now(), kind=kind, details={"actor": self._actor, "resource": uri}
            )
        )


def _check(new: ResourceServer) -> None:
    try:
        resource.parse([new.uri])
    except OAuthError as error:
        raise Refused("uri", error.description) from None
    if not 0 < len(new.name) <= MAX_NAME or not new.name.isprintable():
        raise Refused("name", f"expected 1 to {MAX_NAME} printable characters")
    check_scopes(new.scopes)
    lifetime = new.access_token_lifetime
    if lifetime is not None and not 0 < lifetime <= MAX_LIFETIME:
        raise Refused(
            "access_token_lifetime", f"expected 1 to {MAX_LIFETIME} seconds, received {lifetime}"
        )
