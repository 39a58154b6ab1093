"""Steady load: many clients at once, each living through what their server lives through."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from app.oauth.errors import TemporarilyUnavailable
from tests.builders import DpopKey

from .calling import Caller, TokenRequest
from .processes import pause, until

SESSIONS = 6


@dataclass
class Record:
    """What was sent, and what came of it."""

    answers: list[httpx.Response] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Requests that no answer came to."""
    accepted: list[TokenRequest] = field(default_factory=list)
    """Requests that were answered with tokens, the oldest first."""
    redeemed: dict[str, int] = field(default_factory=Counter)
    """How often each code was good for tokens."""
    refresh_tokens: list[str] = field(default_factory=list)
    """Every refresh token that an answer brought."""
    lost: list[str] = field(default_factory=list)
    """Why a session ended that should have gone on."""

    @property
    def kinds(self) -> Counter[tuple[int, str | None]]:
        """Count the answers by status and error code."""
        return Counter((each.status_code, each.json().get("error")) for each in self.answers)

    @property
    def successes(self) -> int:
        return len(self.accepted)


class Load:
    """Sessions that redeem a code and refresh for ever after, and races for codes and proofs.

    A session never gives up: what no answer came to, or a 503, it asks for again with a new proof.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._stop = asyncio.Event()
        self.record = Record()

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the load up until the block ends; then every request ends too."""
        async with asyncio.TaskGroup() as group:
            for _ in range(SESSIONS):
                group.create_task(self._session())
            group.create_task(self._races())
            try:
                yield
            finally:
                self._stop.set()

    async def some(self, count: int = 40) -> None:
        """Wait for so many more successes."""
        wanted = self.record.successes + count
        await until(lambda: self.record.successes >= wanted, f"{count} more tokens")

    async def unavailable(self, count: int = 20) -> None:
        """Wait for so many more answers that say that something is out of reach."""

        def seen() -> int:
            return sum(1 for each in self.record.answers if each.status_code == 503)

        wanted = seen() + count
        await until(lambda: seen() >= wanted, f"{count} more answers of 503")

    async def _session(self) -> None:
        key, caller = DpopKey(), self._caller
        while not self.stopped:
            code = await self._code()
            if code is None:
                return
            answer = await self._ask(caller.redemption(code, key), code)
            # Whoever gets no answer does not know whether the code was spent, and signs in anew.
            if answer is None or answer.status_code != 200:
                continue
            await self._refresh_for_ever(answer.json()["refresh_token"], key)

    async def _refresh_for_ever(self, token: str, key: DpopKey) -> None:
        claims: dict[str, Any] = {}
        while not self.stopped:
            answer = await self._ask(self._caller.refreshing(token, key, **claims))
            if answer is None or answer.status_code == 503:
                await pause(0.05, self._stop)
            elif answer.status_code == 200:
                token = answer.json()["refresh_token"]
            elif "dpop-nonce" in answer.headers:
                claims = {"nonce": answer.headers["dpop-nonce"]}
            else:
                self.record.lost.append(answer.text)
                return

    async def _races(self) -> None:
        """Send the same code, then the same proof, to all replicas at once."""
        key, caller = DpopKey(), self._caller
        while not self.stopped:
            code = await self._code()
            if code is None:
                return
            redemptions = [caller.redemption(code, key) for _ in range(2)]
            await asyncio.gather(*(self._ask(each, code) for each in redemptions))
            request = caller.own(key)
            await asyncio.gather(self._ask(request), self._ask(request))

    async def _code(self) -> str | None:
        while not self.stopped:
            try:
                return await self._caller.code()
            except TemporarilyUnavailable:
                await pause(0.05, self._stop)
        return None

    async def _ask(self, request: TokenRequest, code: str | None = None) -> httpx.Response | None:
        record = self.record
        try:
            answer = await self._caller.send(request)
        except httpx.TransportError as error:
            record.broken.append(f"{type(error).__name__}: {error}")
            return None
        record.answers.append(answer)
        if answer.status_code == 200:
            record.accepted.append(request)
            if code is not None:
                record.redeemed[code] += 1
            if "refresh_token" in answer.json():
                record.refresh_tokens.append(answer.json()["refresh_token"])
        elif "dpop-nonce" in answer.headers:
            self._caller.nonce = answer.headers["dpop-nonce"]
        return answer
