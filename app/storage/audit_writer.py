"""Writes the audit events of issuance and refusal in batches, off the request's path."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from itertools import islice

import structlog

from ..oauth.errors import TemporarilyUnavailable
from ..telemetry.audit import AuditEvent
from .unit_of_work import SqlUnitOfWork

_log = structlog.get_logger(__name__)


class AuditWriter:
    """telemetry.audit.AuditSink. Events wait ``interval`` seconds at most while the database works.

    ``begin`` opens a unit of work that writes, for ``batch`` events at most. ``capacity`` bounds
    what waits while the database is gone; beyond it the newest events are dropped, counted in
    ``dropped`` and logged.
    """

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[SqlUnitOfWork]],
        *,
        capacity: int = 20_000,
        batch: int = 500,
        interval: float = 0.5,
    ) -> None:
        self._begin = begin
        self._capacity = capacity
        self._batch = batch
        self._interval = interval
        self._queue: deque[AuditEvent] = deque()
        self._full = asyncio.Event()
        self._closing = asyncio.Event()
        self._flushing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._logged = 0
        self.dropped = 0

    def record(self, event: AuditEvent) -> None:
        """Queue the event. Never blocks and never raises."""
        if len(self._queue) >= self._capacity:
            self.dropped += 1
            return
        self._queue.append(event)
        if len(self._queue) >= self._batch:
            self._full.set()

    async def start(self) -> None:
        """Start writing in the background."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="audit-writer")

    async def close(self) -> None:
        """Write what waits, and stop. What a database out of reach does not take is lost."""
        self._closing.set()
        self._full.set()
        if self._task is not None:
            await self._task
            self._task = None
        await self._flush_or_keep()
        self.dropped += len(self._queue)
        self._queue.clear()
        self._report_drops()

    async def flush(self) -> None:
        """Write everything that waits now. Raises TemporarilyUnavailable; events stay queued.

        An event is written twice where the database was lost after a commit it did not confirm.
        """
        async with self._flushing:
            while self._queue:
                events = list(islice(self._queue, self._batch))
                await self._write(events)
                for _ in events:
                    self._queue.popleft()
        self._report_drops()

    async def _run(self) -> None:
        while not self._closing.is_set():
            await self._wait(self._full)
            self._full.clear()
            if not await self._flush_or_keep():
                await self._wait(self._closing)

    async def _wait(self, event: asyncio.Event) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._interval):
                await event.wait()

    async def _flush_or_keep(self) -> bool:
        try:
            await self.flush()
        except TemporarilyUnavailable:
            _log.warning("audit.waiting", events=len(self._queue))
            return False
        return True

    async def _write(self, events: list[AuditEvent]) -> None:
        try:
            await self._insert(events)
        except TemporarilyUnavailable:
            raise
        except Exception:  # noqa: BLE001  # one event no table takes must not end the audit log
            _log.exception("audit.batch_refused", events=len(events))
            if len(events) == 1:
                self.dropped += 1
                return
            for event in events:
                await self._write([event])

    async def _insert(self, events: list[AuditEvent]) -> None:
        async with self._begin() as work:
            await work.audit.add_all(events)
            await work.commit()

    def _report_drops(self) -> None:
        if self.dropped > self._logged:
            _log.error("audit.dropped", events=self.dropped - self._logged)
            self._logged = self.dropped
