"""The window of iat, and how long a proof is remembered."""

import pytest

from app.dpop.errors import Check
from app.dpop.freshness import check_iat, check_memory, remember_until
from app.dpop.nonce import step_at
from tests.builders import NOW
from tests.unit.dpop.support import judged, refusal

pytestmark = pytest.mark.rfc("9449", "11.1")

STEP = step_at(NOW)
STEP_ENDS = (STEP + 2) * 60
DAY = 86_400


@pytest.mark.parametrize("distance", [-60, -59.999, -1, 0, 0.5, 9.999, 10])
def test_an_iat_within_60_s_behind_and_10_s_ahead_is_fresh(distance: float) -> None:
    assert judged(check_iat, NOW + distance, NOW) is None


@pytest.mark.parametrize("distance", [-1e9, -61, -60.001, 10.001, 11, 1e9])
def test_an_iat_outside_the_window_is_refused(distance: float) -> None:
    assert refusal(check_iat, NOW + distance, NOW).check is Check.IAT


def test_the_refusal_tells_the_window_and_the_difference_of_the_clocks() -> None:
    behind = refusal(check_iat, int(NOW) - 3600, NOW)
    assert behind.expected == "1799999940 to 1800000010"
    assert behind.received == "1799996400, 3600 seconds behind this server"
    assert "3600 seconds behind" in behind.description
    assert "90 seconds ahead" in refusal(check_iat, int(NOW) + 90, NOW).description


def test_the_expected_window_holds_only_times_that_are_taken() -> None:
    now = NOW + 0.5
    low, high = (int(end) for end in str(refusal(check_iat, 0, now).expected).split(" to "))
    assert judged(check_iat, low, now) is judged(check_iat, high, now) is None
    assert judged(check_iat, low - 1, now) is not None
    assert judged(check_iat, high + 1, now) is not None


@pytest.mark.parametrize(
    ("iat", "until"),
    [
        (NOW, NOW + 60 + 10),
        (NOW - 60, NOW + 10),
        (NOW + 10, NOW + 10 + 60 + 10),
        (NOW + 0.001, NOW + 61 + 10),
        (NOW + 9.5, NOW + 70 + 10),
    ],
)
def test_a_proof_without_a_nonce_is_remembered_until_its_iat_runs_out(
    iat: float, until: float
) -> None:
    # The future skew included, rounded up, and 10 s for clocks that differ.
    assert remember_until(iat, None, NOW) == until


@pytest.mark.parametrize("iat", [0, NOW - 3600, NOW - 61, STEP_ENDS - 60])
def test_a_proof_with_a_nonce_is_remembered_until_the_nonce_runs_out(iat: float) -> None:
    assert remember_until(iat, STEP, NOW) == STEP_ENDS + 10


def test_the_previous_and_the_next_steps_nonce_run_out_a_minute_apart() -> None:
    assert remember_until(0, STEP - 1, NOW) == STEP_ENDS - 60 + 10
    assert remember_until(0, STEP + 1, NOW) == STEP_ENDS + 60 + 10


def test_a_proof_dated_ahead_is_remembered_for_its_iat_even_with_a_nonce() -> None:
    assert remember_until(NOW + 500, STEP, NOW) == NOW + 500 + 60 + 10
    assert remember_until(NOW + 500.25, STEP, NOW) == NOW + 500 + 61 + 10


@pytest.mark.parametrize("iat", [NOW + DAY, NOW + 10 * DAY, 253_402_300_799])
def test_no_proof_is_remembered_for_more_than_ten_minutes(iat: float) -> None:
    assert remember_until(iat, STEP, NOW) == NOW + 600 + 10


@pytest.mark.parametrize("iat", [0, NOW - 1000, NOW, NOW + 9, NOW + 9.999])
def test_a_proof_that_a_lost_memory_may_have_held_is_refused(iat: float) -> None:
    refused = refusal(check_memory, iat, NOW)
    assert (refused.check, refused.error) == (Check.REPLAY, "invalid_dpop_proof")
    assert "send a fresh proof" in refused.description


@pytest.mark.parametrize("iat", [NOW + 10, NOW + 11])
def test_a_proof_that_no_memory_before_can_have_held_is_not_refused(iat: float) -> None:
    assert judged(check_memory, iat, NOW) is None


def test_a_first_memory_has_lost_nothing() -> None:
    assert judged(check_memory, 0, None) is None
