"""Deletes what has ended, while the server runs, a little at a time."""

import asyncio
from contextlib import suppress

import structlog

from ..clock import Clock
from ..oauth.errors import TemporarilyUnavailable
from .transactions import Transactions

_log = structlog.get_logger(__name__)

# Seconds that a family outlives its end: a code that was redeemed must be long forgotten by then,
# and so must every access token.
MARGIN = 86_400


class Pruner:
    """Deletes token families that ended, every ``interval`` seconds. Safe on many replicas."""

    def __init__(self, transactions: Transactions, *, interval: float = 60.0) -> None:
        self._transactions = transactions
        self._interval = interval
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self, clock: Clock) -> None:
        """Start deleting in the background."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(clock), name="pruner")

    async def close(self) -> None:
        """Finish the transaction under way, and stop."""
        self._closing.set()
        if self._task is not None:
            await self._task
            self._task = None

    async def prune(self, now: float) -> int:
        """Delete all that has ended, in short transactions; return how many rows went.

        Raises TemporarilyUnavailable.
        """
        total = 0
        while not self._closing.is_set():
            async with self._transactions.begin() as work:
                gone = await work.families.forget(now - MARGIN)
                await work.commit()
            if not gone:
                break
            total += gone
        return total

    async def _run(self, clock: Clock) -> None:
        while not self._closing.is_set():
            try:
                if gone := await self.prune(clock.now()):
                    _log.info("pruned", rows=gone)
            except TemporarilyUnavailable:
                _log.warning("pruner.waiting")
            except Exception:  # noqa: BLE001  # what fails once may work the next time
                _log.exception("pruner.failed")
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await self._closing.wait()
