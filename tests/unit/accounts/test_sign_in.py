"""Signing in and out."""

import asyncio

import pytest
from argon2 import PasswordHasher

from app.accounts.errors import WrongCredentials
from app.accounts.passwords import Passwords
from app.oauth.errors import TemporarilyUnavailable, TooManyAttempts
from app.telemetry.audit import EventKind

from .conftest import ATTEMPTS, PASSWORD, Accounts, a_user

EMAIL = "ada@people.example"
HOME = "192.0.2.1"


async def sign_in(
    accounts: Accounts, email: str = EMAIL, password: str = PASSWORD, address: str = HOME
) -> str:
    return await accounts.sign_in.sign_in(email, password, address=address, replacing=None)


async def fail(accounts: Accounts, times: int, email: str = EMAIL, address: str = HOME) -> None:
    for _ in range(times):
        with pytest.raises(WrongCredentials):
            await sign_in(accounts, email, "a wrong password", address)


@pytest.mark.parametrize("email", [EMAIL, "ADA@People.Example", "  ada@people.example "])
async def test_the_right_password_signs_in(accounts: Accounts, email: str) -> None:
    found = await accounts.sessions.current(await sign_in(accounts, email))
    assert found is not None
    assert found.user.user_id == "ada"
    assert accounts.audit.events[-1].kind is EventKind.SIGNED_IN
    assert accounts.audit.events[-1].address == HOME


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, "a wrong password"),
        (EMAIL, ""),
        ("nobody@people.example", PASSWORD),
        ("", PASSWORD),
        ("x" * 100_000, PASSWORD),
        ("ada@people.example\x00", PASSWORD),
        ("off@people.example", PASSWORD),
    ],
)
async def test_whatever_is_wrong_the_answer_is_the_same(
    accounts: Accounts, email: str, password: str
) -> None:
    await accounts.add(await a_user(accounts.passwords, "off", disabled=True))
    with pytest.raises(WrongCredentials) as refused:
        await sign_in(accounts, email, password)
    assert refused.value.args == ()
    assert accounts.audit.events[-1].kind is EventKind.SIGN_IN_FAILED


async def test_no_event_holds_what_was_typed(accounts: Accounts) -> None:
    with pytest.raises(WrongCredentials):
        await sign_in(accounts, "a password typed as address", "typed secret")
    assert "typed" not in str(accounts.audit.events)


async def test_too_many_attempts_are_refused_before_the_password_is_looked_at(
    accounts: Accounts,
) -> None:
    await fail(accounts, ATTEMPTS)
    with pytest.raises(TooManyAttempts) as refused:
        await sign_in(accounts)
    assert refused.value.retry_after > 0
    accounts.clock.advance(refused.value.retry_after)
    assert await sign_in(accounts)


async def test_unknown_addresses_are_limited_alike(accounts: Accounts) -> None:
    await fail(accounts, ATTEMPTS, "nobody@people.example")
    with pytest.raises(TooManyAttempts):
        await sign_in(accounts, "nobody@people.example")


async def test_the_case_of_the_address_opens_no_new_bucket(accounts: Accounts) -> None:
    await fail(accounts, ATTEMPTS, "ADA@people.example")
    with pytest.raises(TooManyAttempts):
        await sign_in(accounts)


async def test_attempts_elsewhere_do_not_lock_the_person_out(accounts: Accounts) -> None:
    await fail(accounts, ATTEMPTS, address="203.0.113.9")
    assert await sign_in(accounts)


async def test_addresses_of_one_ipv6_network_count_together(accounts: Accounts) -> None:
    await fail(accounts, ATTEMPTS, address="2001:db8::1")
    with pytest.raises(TooManyAttempts):
        await sign_in(accounts, address="2001:db8::2")
    assert await sign_in(accounts, address="2001:db8:0:1::1")


async def test_a_success_forgives_the_failures_before_it(accounts: Accounts) -> None:
    for _ in range(3):
        await fail(accounts, ATTEMPTS - 1)
        assert await sign_in(accounts)


async def test_an_outdated_hash_is_replaced_at_sign_in(accounts: Accounts) -> None:
    old = Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    user = await a_user(old, "bob")
    await accounts.add(user)
    assert await sign_in(accounts, user.email)
    async with accounts.database.read() as work:
        found = await work.users.find("bob")
    assert found is not None
    assert found.password_hash != user.password_hash
    assert await sign_in(accounts, user.email)


async def test_signing_out_ends_the_session(accounts: Accounts) -> None:
    value = await sign_in(accounts)
    signed_in = await accounts.sessions.current(value)
    assert signed_in is not None
    await accounts.sign_in.sign_out(signed_in, value, address=HOME)
    assert await accounts.sessions.current(value) is None
    assert accounts.audit.events[-1].kind is EventKind.SIGNED_OUT


async def test_a_flood_is_turned_away_before_it_is_counted(accounts: Accounts) -> None:
    answers = await asyncio.gather(
        *(sign_in(accounts, f"{n}@people.example") for n in range(100)), return_exceptions=True
    )
    turned_away = [n for n, a in enumerate(answers) if isinstance(a, TemporarilyUnavailable)]
    assert turned_away
    counted = {n for n in range(100) if isinstance(answers[n], WrongCredentials)}
    assert counted.isdisjoint(turned_away)
