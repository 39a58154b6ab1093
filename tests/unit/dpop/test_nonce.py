"""The nonce policy, as far as it needs no store."""

import pytest

from app.dpop.errors import Check
from app.dpop.nonce import Policy, check_nonce, runs_out, step_at, steps_accepted
from tests.unit.dpop.support import judged, refusal

pytestmark = pytest.mark.rfc("9449", "8")

STEP = 30_000_000
START = STEP * 60.0


@pytest.mark.parametrize("now", [START, START + 0.001, START + 59.999])
def test_a_step_lasts_sixty_seconds(now: float) -> None:
    assert step_at(now) == STEP


def test_the_nonces_of_the_previous_the_current_and_a_faster_replicas_step_are_accepted() -> None:
    assert steps_accepted(START + 30) == (STEP - 1, STEP, STEP + 1)


def test_a_nonce_runs_out_when_its_step_is_no_longer_the_previous_one() -> None:
    end = runs_out(STEP)
    assert STEP in steps_accepted(end - 0.001)
    assert STEP not in steps_accepted(end)


@pytest.mark.parametrize(
    ("policy", "nonce", "step"),
    [
        (Policy.OFF, None, None),
        (Policy.OFF, "unknown", None),
        (Policy.AUTO, None, None),
        (Policy.AUTO, "known", STEP),
        (Policy.REQUIRED, "known", STEP),
    ],
)
def test_the_policy_is_content(policy: Policy, nonce: str | None, step: int | None) -> None:
    assert judged(check_nonce, policy, nonce, step) is None


@pytest.mark.parametrize("policy", [Policy.AUTO, Policy.REQUIRED])
@pytest.mark.parametrize("nonce", ["unknown", "", "x" * 4000])
def test_a_nonce_that_is_not_ours_is_refused(policy: Policy, nonce: str) -> None:
    refused = refusal(check_nonce, policy, nonce, None)
    assert refused.check is Check.NONCE
    assert refused.received == (nonce if len(nonce) <= 200 else "x" * 197 + "...")


def test_a_proof_without_a_nonce_is_refused_where_one_is_required() -> None:
    refused = refusal(check_nonce, Policy.REQUIRED, None, None)
    assert (refused.check, refused.received) == (Check.NONCE, "no nonce")


def test_another_policy_than_these_does_not_exist() -> None:
    assert [str(policy) for policy in Policy] == ["off", "auto", "required"]
