"""Password hashing: Argon2id, off the event loop."""

import asyncio
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from ..oauth.errors import TemporarilyUnavailable
from .password_rules import MAX_LENGTH, normalized

T = TypeVar("T")

CONCURRENCY = 2
MAX_WAITING = 50


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password is right. ``new_hash`` is set if the stored one is out of date."""

    right: bool
    new_hash: str | None = None


WRONG = Verdict(right=False)


class Passwords:
    """Hashes and verifies passwords in ``concurrency`` threads, 64 MiB each.

    Besides those, ``max_waiting`` may wait for a thread: sign-ins must not eat the machine.
    """

    def __init__(
        self,
        hasher: PasswordHasher | None = None,
        *,
        concurrency: int = CONCURRENCY,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self._hasher = hasher or PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="passwords")
        self._room = concurrency + max_waiting
        self._stand_in = _hash_of_nothing(self._hasher)

    async def hash(self, password: str) -> str:
        """Hash a new password, which must keep to ``password_rules``."""
        return await self._off_the_loop(lambda: self._hasher.hash(normalized(password)))

    async def verify(self, stored: str | None, password: str) -> Verdict:
        """Compare with a stored hash. None, for an unknown user, takes the same time."""
        if len(password) > MAX_LENGTH:
            return WRONG
        return await self._off_the_loop(lambda: self._verify(stored, password))

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take one of the places of those who sign in at once, or raise TemporarilyUnavailable."""
        if self._room <= 0:
            raise TemporarilyUnavailable("too many people are signing in; try again in a moment")
        self._room -= 1
        try:
            yield
        finally:
            self._room += 1

    def close(self) -> None:
        """Stop the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, stored: str | None, password: str) -> Verdict:
        text = normalized(password)
        try:
            self._hasher.verify(stored or self._stand_in, text)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return WRONG
        if stored is None:
            return WRONG
        outdated = self._hasher.check_needs_rehash(stored)
        return Verdict(right=True, new_hash=self._hasher.hash(text) if outdated else None)

    async def _off_the_loop(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _hash_of_nothing(hasher: PasswordHasher) -> str:
    """Make a hash that costs as much as a real one and that no password matches."""

    def random(length: int) -> str:
        return b64encode(secrets.token_bytes(length)).rstrip(b"=").decode()

    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${random(hasher.salt_len)}${random(hasher.hash_len)}"
