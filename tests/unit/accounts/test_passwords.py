"""Hashing and verifying passwords."""

import asyncio
import time
from contextlib import ExitStack

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from app.accounts.passwords import WRONG, Passwords, Verdict
from app.oauth.errors import TemporarilyUnavailable

PASSWORD = "correct horse battery staple"


@pytest.fixture
def passwords(hasher: PasswordHasher) -> Passwords:
    return Passwords(hasher)


async def test_the_right_password_is_right_and_another_is_wrong(passwords: Passwords) -> None:
    stored = await passwords.hash(PASSWORD)
    assert PASSWORD not in stored
    assert await passwords.verify(stored, PASSWORD) == Verdict(right=True)
    assert await passwords.verify(stored, PASSWORD.upper()) == WRONG
    assert await passwords.verify(stored, "") == WRONG


async def test_a_password_is_hashed_with_a_salt_of_its_own(passwords: Passwords) -> None:
    assert await passwords.hash(PASSWORD) != await passwords.hash(PASSWORD)


async def test_a_password_may_be_typed_on_another_keyboard(passwords: Passwords) -> None:
    stored = await passwords.hash("ein schönes Kännchen Kaffee")
    decomposed = "ein scho\u0308nes Ka\u0308nnchen Kaffee"
    assert (await passwords.verify(stored, decomposed)).right


@pytest.mark.parametrize("stored", [None, "", "not a hash", "$argon2id$v=19$m=8,t=1,p=1$x$y"])
async def test_nobody_has_no_password(passwords: Passwords, stored: str | None) -> None:
    assert await passwords.verify(stored, PASSWORD) == WRONG
    assert await passwords.verify(stored, "") == WRONG


async def test_a_password_that_cannot_be_encoded_or_is_huge_is_wrong(
    passwords: Passwords,
) -> None:
    stored = await passwords.hash(PASSWORD)
    assert await passwords.verify(stored, "\ud800") == WRONG
    assert await passwords.verify(stored, PASSWORD * 1000) == WRONG


async def test_new_hashes_follow_rfc_9106() -> None:
    passwords = Passwords()
    parameters = extract_parameters(await passwords.hash(PASSWORD))
    passwords.close()
    assert parameters == RFC_9106_LOW_MEMORY


async def test_a_hash_with_old_parameters_is_made_anew(hasher: PasswordHasher) -> None:
    old = await Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)).hash(PASSWORD)
    verdict = await Passwords(hasher).verify(old, PASSWORD)
    assert verdict.right
    assert verdict.new_hash is not None
    assert await Passwords(hasher).verify(verdict.new_hash, PASSWORD) == Verdict(right=True)


async def test_an_unknown_user_costs_as_much_as_a_wrong_password() -> None:
    passwords = Passwords(PasswordHasher(time_cost=2, memory_cost=32 * 1024, parallelism=1))
    stored = await passwords.hash(PASSWORD)

    async def fastest(candidate: str | None) -> float:
        spans = []
        for _ in range(5):
            began = time.perf_counter()
            await passwords.verify(candidate, "wrong")
            spans.append(time.perf_counter() - began)
        return min(spans)

    assert 0.5 < await fastest(None) / await fastest(stored) < 2
    passwords.close()


async def test_the_event_loop_runs_while_passwords_are_hashed() -> None:
    passwords = Passwords(PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1))
    hashing = asyncio.create_task(passwords.hash(PASSWORD))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    passwords.close()
    assert turns > 10


def test_too_many_at_once_are_turned_away(hasher: PasswordHasher) -> None:
    passwords = Passwords(hasher, concurrency=1, max_waiting=1)
    taken = ExitStack()
    for _ in range(2):
        taken.enter_context(passwords.place())
    with pytest.raises(TemporarilyUnavailable):
        taken.enter_context(passwords.place())
    taken.close()
    assert taken.enter_context(passwords.place()) is None
    taken.close()
