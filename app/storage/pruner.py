"""Deletes what has ended, while servers run, a little at a time."""

import asyncio

import structlog

from ..clock import Clock
from .database import SqlDatabase

_log = structlog.get_logger(__name__)

INTERVAL = 60.0
"""Seconds from one round to the next."""

MARGIN = 86_400
"""Seconds that a family outlives its end.

Its row is the tombstone of a code, and introspection needs it for as long as its access tokens
live. Both end with the family at the latest, an hour at most after a code was redeemed, whatever
its store brings back.
"""


class Pruner:
    """Deletes token families, their refresh tokens, and revocations. Safe on many replicas."""

    def __init__(self, database: SqlDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def prune(self, stopping: asyncio.Event) -> int:
        """Delete all that has ended, in short transactions, until told to stop.

        Returns how many rows went. Raises TemporarilyUnavailable.
        """
        total, gone = 0, 1
        while gone and not stopping.is_set():
            now = self._clock.now()
            async with self._database.begin() as unit:
                gone = await unit.families.forget(now - MARGIN)
                gone += await unit.revoked_tokens.forget(now)
                await unit.commit()
            total += gone
        if total:
            _log.info("pruned", rows=total)
        return total
