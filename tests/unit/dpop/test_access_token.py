"""A proof beside an access token: checks ath and jkt."""

import pytest

from app.dpop.access_token import check_ath, check_jkt
from app.dpop.errors import Check
from tests.builders import s256
from tests.unit.dpop.support import a_key, a_proof, judged, refusal, verified

pytestmark = pytest.mark.rfc("9449", "4.3")

TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"


def test_the_hash_of_the_access_token_is_taken() -> None:
    proof = verified(a_proof(ath=s256(TOKEN)))
    assert judged(check_ath, proof.ath, TOKEN) is None


@pytest.mark.rfc("9449", "7")
def test_a_proof_without_ath_is_refused() -> None:
    refused = refusal(check_ath, verified(a_proof()).ath, TOKEN)
    assert (refused.check, refused.error) == (Check.ATH, "invalid_dpop_proof")
    assert refused.received == "no ath"


@pytest.mark.parametrize("ath", ["", TOKEN, s256(TOKEN) + "=", s256(TOKEN + "x"), "é"])
def test_an_ath_of_another_token_is_refused(ath: str) -> None:
    refused = refusal(check_ath, verified(a_proof(ath=ath)).ath, TOKEN)
    assert (refused.check, refused.received) == (Check.ATH, ath)
    assert TOKEN not in f"{refused.description}{refused.expected}"


def test_the_key_the_token_is_bound_to_is_taken() -> None:
    assert judged(check_jkt, a_key().jkt, a_key().jkt) is None


@pytest.mark.parametrize(
    "token_jkt", [None, "", a_key("ES256", 1).jkt, "é"], ids=["none", "empty", "another", "no-hash"]
)
def test_a_token_bound_to_another_key_or_to_none_is_an_invalid_token(token_jkt: str | None) -> None:
    refused = refusal(check_jkt, a_key().jkt, token_jkt)
    assert (refused.check, refused.error) == (Check.JKT, "invalid_token")
    assert refused.received == a_key().jkt
