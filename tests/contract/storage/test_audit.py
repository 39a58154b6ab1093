"""The audit log, and the writer that fills it off the request's path."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from app.oauth.errors import TemporarilyUnavailable
from app.storage.audit_writer import AuditWriter
from app.storage.database import SqlDatabase, open_database
from app.storage.engine import Limits
from app.storage.unit_of_work import SqlUnitOfWork
from app.telemetry.audit import AuditEvent, EventKind
from tests.builders import NOW

from .values import an_event

BARE = AuditEvent(at=NOW, kind=EventKind.TOKEN_ISSUED)


async def newest(database: SqlDatabase, limit: int = 1000, **only: str) -> list[AuditEvent]:
    async with database.read() as work:
        return list(await work.audit.newest(limit, **only))


def numbered(count: int) -> list[AuditEvent]:
    return [an_event(request_id=f"req_{n}") for n in range(count)]


@pytest.fixture
async def broken() -> AsyncIterator[SqlDatabase]:
    """A database that nobody can reach."""
    opened = open_database("postgresql://nobody@127.0.0.1:1/none", Limits(connect_timeout=0.5))
    yield opened
    await opened.close()


@pytest.mark.parametrize("event", [an_event(), BARE])
async def test_an_event_is_found_with_every_field(database: SqlDatabase, event: AuditEvent) -> None:
    async with database.begin() as work:
        await work.audit.add(event)
        await work.commit()
    assert await newest(database) == [event]


async def test_the_newest_events_come_first_up_to_a_limit(database: SqlDatabase) -> None:
    events = numbered(5)
    async with database.begin() as work:
        await work.audit.add_all(events)
        await work.commit()
    assert await newest(database, 3) == events[:1:-1]


async def test_events_are_found_by_client(database: SqlDatabase) -> None:
    async with database.begin() as work:
        await work.audit.add_all([an_event(), an_event(client_id="other"), BARE])
        await work.commit()
    assert await newest(database, client_id="other") == [an_event(client_id="other")]


async def test_text_that_no_database_takes_does_not_lose_the_event(database: SqlDatabase) -> None:
    async with database.begin() as work:
        await work.audit.add(an_event(client_id="a\0b", details={"received": "\ud800!"}))
        await work.commit()
    expected = an_event(client_id="a\N{REPLACEMENT CHARACTER}b")
    assert await newest(database) == [
        replace(expected, details={"received": "\N{REPLACEMENT CHARACTER}!"})
    ]


async def test_recorded_events_are_written_by_flush_in_their_order(database: SqlDatabase) -> None:
    events = numbered(1234)
    for event in events:
        database.audit_writer.record(event)
    await database.audit_writer.flush()
    assert (await newest(database, 2000))[::-1] == events


async def test_the_background_writes_without_being_asked(database: SqlDatabase) -> None:
    written = asyncio.Event()

    @asynccontextmanager
    async def begin() -> AsyncIterator[SqlUnitOfWork]:
        async with database.begin() as work:
            yield work
        written.set()

    writer = AuditWriter(begin, interval=0.01)
    await writer.start()
    writer.record(an_event())
    async with asyncio.timeout(30):
        await written.wait()
    assert await newest(database) == [an_event()]
    await writer.close()


async def test_closing_writes_what_waits(database: SqlDatabase, url: str) -> None:
    closing = open_database(url)
    await closing.audit_writer.start()
    closing.audit_writer.record(an_event())
    await closing.close()
    assert await newest(database) == [an_event()]


async def test_an_event_is_written_once_whoever_flushes(database: SqlDatabase) -> None:
    writer = database.audit_writer
    await writer.start()
    for event in numbered(50):
        writer.record(event)
    await asyncio.gather(*(writer.flush() for _ in range(5)))
    await writer.close()
    assert len(await newest(database)) == 50


async def test_a_full_queue_drops_the_newest_and_says_how_many(database: SqlDatabase) -> None:
    writer = AuditWriter(database.begin, capacity=3)
    events = numbered(5)
    with capture_logs() as logs:
        for event in events:
            writer.record(event)
        await writer.flush()
    assert (await newest(database))[::-1] == events[:3]
    assert writer.dropped == 2
    assert {"event": "audit.dropped", "events": 2, "log_level": "error"} in logs


async def test_while_the_database_is_gone_events_wait(
    database: SqlDatabase, broken: SqlDatabase
) -> None:
    reached, failed = broken, asyncio.Event()

    @asynccontextmanager
    async def begin() -> AsyncIterator[SqlUnitOfWork]:
        try:
            async with reached.begin() as work:
                yield work
        except TemporarilyUnavailable:
            failed.set()
            raise

    writer = AuditWriter(begin, interval=0.01)
    with capture_logs() as logs:
        await writer.start()
        writer.record(an_event())
        async with asyncio.timeout(30):
            await failed.wait()
        reached = database
        await writer.close()
    assert await newest(database) == [an_event()]
    assert {"event": "audit.waiting", "events": 1, "log_level": "warning"} in logs
    assert writer.dropped == 0


async def test_what_a_lost_database_does_not_take_at_the_end_is_counted(
    broken: SqlDatabase,
) -> None:
    with capture_logs() as logs:
        broken.audit_writer.record(an_event())
        await broken.audit_writer.close()
    assert broken.audit_writer.dropped == 1
    assert any(line["event"] == "audit.dropped" for line in logs)


async def test_one_event_that_cannot_be_written_takes_no_other_with_it(
    database: SqlDatabase,
) -> None:
    bad = an_event(at=float("inf"))
    with capture_logs() as logs:
        for event in (*numbered(2), bad, BARE):
            database.audit_writer.record(event)
        await database.audit_writer.flush()
    assert (await newest(database))[::-1] == [*numbered(2), BARE]
    assert database.audit_writer.dropped == 1
    assert any(line["event"] == "audit.batch_refused" for line in logs)
