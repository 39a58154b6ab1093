"""Registering types of authorization details (RFC 9396 §2.1)."""

import re
from collections.abc import Sequence

from ..clock import Clock
from ..oauth.details_type import DetailsType
from ..telemetry.audit import AuditEvent, EventKind
from . import details_schema
from .errors import NotFound, Refused
from .ports import Database, Work

MAX_NAME = 100

# RFC 9396 §2.1: limiting the value to ASCII characters [reduces] potential confusion.
_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:/?#@!$&+=%-]{0,199}")


class DetailsTypeManagement:
    """The types of this server. ``actor`` is who the audit log names."""

    def __init__(self, database: Database, clock: Clock, *, actor: str) -> None:
        self._database = database
        self._clock = clock
        self._actor = actor

    async def list(self) -> Sequence[DetailsType]:
        """Return every type."""
        async with self._database.read() as work:
            return await work.details_types.list()

    async def add(self, new: DetailsType) -> DetailsType:
        """Register a type. Raises Refused."""
        _check(new)
        async with self._database.begin() as work:
            uri = new.resource_uri
            if uri is not None and await work.resources.find(uri) is None:
                raise Refused(
                    "resource_uri", f"there is no resource '{uri}'; see `holdfast resource list`"
                )
            if not await work.details_types.add(new):
                raise Refused("type", f"'{new.type}' is already registered")
            await self._note(work, EventKind.DETAILS_TYPE_CREATED, new.type)
            await work.commit()
        return new

    async def delete(self, name: str) -> None:
        """Remove a type: nobody can ask for it any more, and new tokens leave it out."""
        async with self._database.begin() as work:
            if not await work.details_types.delete(name):
                raise NotFound("type", f"there is no '{name}'; see `holdfast details-type list`")
            await self._note(work, EventKind.DETAILS_TYPE_DELETED, name)
            await work.commit()

    async def _note(self, work: Work, kind: EventKind, name: str) -> None:
        await work.audit.add(
            AuditEvent(
                at=self._clock.now(),
                kind=kind,
                details={"actor": self._actor, "details_type": name},
            )
        )


def _check(new: DetailsType) -> None:
    if not _TYPE.fullmatch(new.type):
        raise Refused("type", "expected a name or URI of 1 to 200 characters, without spaces")
    if not 0 < len(new.name) <= MAX_NAME or not new.name.isprintable():
        raise Refused("name", f"expected 1 to {MAX_NAME} printable characters")
    details_schema.check(new.schema)
