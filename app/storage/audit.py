"""The audit log: events are added, read, and never changed."""

from collections.abc import Sequence

from sqlalchemy import insert, select

from ..telemetry.audit import AuditEvent
from .connection import Connection
from .models import AuditEventRow
from .shape import Shape
from .types import cleaned

SHAPE = Shape(AuditEvent, AuditEventRow)

_ADD = insert(AuditEventRow)


class SqlAuditTrail:
    """oauth.ports.AuditTrail, inside a unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, event: AuditEvent) -> None:
        await self.add_all([event])

    async def add_all(self, events: Sequence[AuditEvent]) -> None:
        """Insert them in their order, in one round trip."""
        await self._connection.count(_ADD, [_storable(event) for event in events])

    async def newest(self, limit: int, *, client_id: str | None = None) -> Sequence[AuditEvent]:
        """Return the newest events, the last one first."""
        statement = select(*SHAPE.columns).order_by(AuditEventRow.serial.desc()).limit(limit)
        if client_id is not None:
            statement = statement.where(AuditEventRow.client_id == client_id)
        return [SHAPE.load(row) for row in await self._connection.all(statement)]


def _storable(event: AuditEvent) -> dict[str, object]:
    # Refused requests put anything into an event: text that no column takes must not lose it.
    values = {
        name: cleaned(value) if type(value) is str else value
        for name, value in SHAPE.values(event).items()
    }
    details = {cleaned(name): cleaned(value) for name, value in event.details.items()}
    return {**values, "details": details}
