"""How often one address is asked."""

from ipaddress import ip_address

import pytest

from app.outbound.errors import Busy
from app.outbound.pacing import Pacing
from tests.builders import FrozenClock

ADDRESS = ip_address("1.1.1.1")


def is_busy(pacing: Pacing, address: str) -> bool:
    try:
        pacing.count(ip_address(address))
    except Busy:
        return True
    return False


def test_an_address_is_asked_so_often_in_a_minute_and_again_in_the_next(clock: FrozenClock) -> None:
    pacing = Pacing(clock, per_window=2)
    assert [is_busy(pacing, "1.1.1.1") for _ in range(4)] == [False, False, True, True]
    clock.advance(60)
    assert not is_busy(pacing, "1.1.1.1")


def test_addresses_are_counted_apart_but_those_of_one_ipv6_site_together(
    clock: FrozenClock,
) -> None:
    pacing = Pacing(clock, per_window=1)
    asked = ["1.1.1.1", "1.1.1.2", "2606:4700::1", "2606:4700:0:1::1", "2606:4700::2"]
    assert [is_busy(pacing, each) for each in asked] == [False, False, False, False, True]


def test_a_clock_that_was_set_back_starts_a_new_minute(clock: FrozenClock) -> None:
    pacing = Pacing(clock, per_window=1)
    pacing.count(ADDRESS)
    clock.advance(-3600)
    assert not is_busy(pacing, "1.1.1.1")


def test_the_refusal_says_what_to_do(clock: FrozenClock) -> None:
    pacing = Pacing(clock, per_window=1)
    pacing.count(ADDRESS)
    with pytest.raises(Busy) as busy:
        pacing.count(ADDRESS)
    assert "wait" in busy.value.sentence
