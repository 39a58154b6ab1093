"""What an admitted proof binds tokens to."""

import pytest

from app.dpop.binding import Bearer, BoundKey, check_client_key
from app.dpop.errors import Check
from tests.unit.dpop.support import a_key, judged, refusal

JKT = a_key().jkt
OTHER = a_key("ES256", 1).jkt


@pytest.mark.rfc("9449", "5")
def test_a_bound_key_makes_dpop_tokens() -> None:
    bound = BoundKey(JKT, "nonce")
    assert (bound.token_type, bound.jkt, bound.nonce) == ("DPoP", JKT, "nonce")


@pytest.mark.parametrize("jkt", [None, JKT], ids=["none", "this"])
def test_a_grant_bound_to_no_key_or_to_this_one_is_confirmed(jkt: str | None) -> None:
    assert judged(BoundKey(JKT).confirm, jkt) is None


@pytest.mark.parametrize("jkt", [OTHER, "", JKT + "x"], ids=["other", "empty", "longer"])
@pytest.mark.rfc("9449", "5")
@pytest.mark.rfc("9449", "10")
def test_a_grant_bound_to_another_key_is_an_invalid_grant(jkt: str) -> None:
    refused = refusal(BoundKey(JKT).confirm, jkt)
    assert (refused.check, refused.error) == (Check.BINDING, "invalid_grant")
    assert (refused.expected, refused.received) == (jkt, JKT)


def test_bearer_binds_to_nothing() -> None:
    bearer = Bearer()
    assert (bearer.token_type, bearer.jkt, bearer.nonce) == ("Bearer", None, None)
    assert judged(bearer.confirm, None) is None


def test_a_grant_bound_to_a_key_is_no_use_without_a_proof() -> None:
    refused = refusal(Bearer().confirm, JKT)
    assert (refused.check, refused.error) == (Check.BINDING, "invalid_grant")
    assert refused.received == "no proof"


def test_a_key_the_client_authenticates_with_is_refused() -> None:
    refused = refusal(check_client_key, JKT, frozenset({OTHER, JKT}))
    assert (refused.check, refused.error) == (Check.CLIENT_KEY, "invalid_dpop_proof")
    assert refused.received == JKT


@pytest.mark.parametrize("keys", [frozenset(), frozenset({OTHER})])
def test_a_key_of_its_own_is_taken(keys: frozenset[str]) -> None:
    assert judged(check_client_key, JKT, keys) is None
