"""What was made of other hosts' answers, kept for as long as they allow.

One question at a time goes out about a URL, whoever waits for the answer. One that failed is not
asked again for a few seconds: a limit of questions, not a cache of errors.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog
from cachetools import LRUCache

from ..clock import Clock
from .errors import Busy, FetchFailed
from .fetcher import Fetcher
from .freshness import Times

T = TypeVar("T")

_log = structlog.get_logger(__name__)

MAX_FAILURES = 4096
MAX_QUESTIONS = 256


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    value: T
    asked_at: float
    fresh_until: float
    usable_until: float


@dataclass(frozen=True, slots=True)
class _Failure:
    error: FetchFailed
    until: float


class Remembered(Generic[T]):
    """Values by URL. ``read`` makes one of a URL and its body, or raises FetchFailed.

    The least recently used of more than ``max_entries`` is forgotten.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        read: Callable[[str, bytes], T],
        clock: Clock,
        *,
        max_bytes: int,
        max_entries: int = 1000,
        times: Times | None = None,
    ) -> None:
        self._fetcher = fetcher
        self._read = read
        self._clock = clock
        self._max_bytes = max_bytes
        self._times = times or Times()
        self._entries: LRUCache[str, _Entry[T]] = LRUCache(max_entries)
        self._failures: LRUCache[str, _Failure] = LRUCache(MAX_FAILURES)
        self._questions: dict[str, asyncio.Task[T | FetchFailed]] = {}

    def known(self, url: str) -> T | None:
        """Return what is remembered and usable, without asking anybody."""
        entry = self._entries.get(url)
        if entry is None or self._clock.now() >= entry.usable_until:
            return None
        return entry.value

    async def get(self, url: str) -> T:
        """Return the value; ask for it unless a fresh one is there. Raises FetchFailed."""
        entry = self._entries.get(url)
        if entry is not None and self._clock.now() < entry.fresh_until:
            return entry.value
        return await self._asked(url)

    async def newer(self, url: str) -> T:
        """Ask again for what was not good enough, but not within the pause. Raises FetchFailed."""
        entry = self._entries.get(url)
        if entry is not None and self._clock.now() < entry.asked_at + self._times.pause:
            return entry.value
        return await self._asked(url)

    async def _asked(self, url: str) -> T:
        failure = self._failures.get(url)
        if failure is not None and self._clock.now() < failure.until:
            return self._otherwise(url, failure.error)
        question = self._questions.get(url)
        if question is None:
            if len(self._questions) >= MAX_QUESTIONS:
                return self._otherwise(url, Busy("too many other hosts are being asked; try again"))
            question = asyncio.create_task(self._ask(url), name="fetch")
            self._questions[url] = question
        # Whoever waits may go away; the others still want the answer.
        outcome = await asyncio.shield(question)
        if isinstance(outcome, FetchFailed):
            return self._otherwise(url, outcome)
        return outcome

    def _otherwise(self, url: str, error: FetchFailed) -> T:
        value = self.known(url)
        if value is None or not error.spares:
            raise error.with_traceback(None)
        return value

    async def _ask(self, url: str) -> T | FetchFailed:
        now = self._clock.now()
        try:
            answer = await self._fetcher.get(url, max_bytes=self._max_bytes)
            value = self._read(url, answer.body)
        except FetchFailed as error:
            self._note_failure(url, error, now)
            return error
        finally:
            del self._questions[url]
        fresh_until = now + self._times.lifetime(answer.max_age)
        usable_until = fresh_until + self._times.grace
        self._entries[url] = _Entry(value, now, fresh_until, usable_until)
        self._failures.pop(url, None)
        return value

    def _note_failure(self, url: str, error: FetchFailed, now: float) -> None:
        _log.info("not fetched", reason=error.sentence)
        # What its host has taken back, or made worthless, is not used any longer.
        if not error.spares:
            self._entries.pop(url, None)
        pause = self._times.pause if self.known(url) is None else self._times.long_pause
        self._failures[url] = _Failure(error, now + pause)
