"""One inspection, whichever face it has: what was pasted, and what is told beside it."""

from typing import Any

import pytest

from app.dpop.errors import Check
from app.dpop.inquiry import Inquiry, NoUrl, Rules, Told, inquire
from app.dpop.inspection import Verdict
from tests.builders import ISSUER, NOW, TOKEN_ENDPOINT, s256
from tests.unit.dpop.support import EVERY_ALG, a_key, a_proof

pytestmark = pytest.mark.rfc("9449", "4.3")

RULES = Rules(
    issuer=ISSUER,
    token_endpoint=TOKEN_ENDPOINT,
    endpoints=frozenset({"/token"}),
    algs=EVERY_ALG,
    policy="auto",
)
API = "https://api.example/notes"


def inquired(text: str, *, nonces: frozenset[str] | None = None, **told: Any) -> Inquiry:
    return inquire(text, RULES, now=NOW, told=Told(**told), nonces=nonces)


def failing(found: Inquiry) -> list[Check]:
    return [finding.check for finding in found.failed]


def verdict(found: Inquiry, check: Check) -> Verdict:
    [one] = [each.verdict for each in found.findings if each.check is check]
    return one


def at_the_api(proof: str, token: str) -> str:
    return (
        f"GET /notes?x=1 HTTP/1.1\nHost: api.example\nAuthorization: DPoP {token}\nDPoP: {proof}\n"
    )


def test_a_proof_alone_is_judged_as_one_for_the_token_endpoint() -> None:
    found = inquired(a_proof())
    assert (found.at.method, found.at.uri) == ("POST", TOKEN_ENDPOINT)
    assert failing(found) == []
    assert failing(inquired(a_proof(htm="GET", htu=API))) == [Check.HTM, Check.HTU]


def test_what_is_told_counts_more_than_what_is_pasted() -> None:
    found = inquired(
        f"POST /token HTTP/1.1\nDPoP: {a_proof(htm='GET', htu=API)}\n", method="GET", url=API
    )
    assert failing(found) == []


def test_a_request_with_an_access_token_has_its_ath_and_key_judged() -> None:
    key = a_key()
    token = key.sign({"alg": "ES256", "typ": "at+jwt"}, {"cnf": {"jkt": key.jkt}})
    found = inquired(at_the_api(a_proof(htm="GET", htu=API, ath=s256(token)), token))
    assert failing(found) == []
    assert verdict(found, Check.ATH) is Verdict.PASSED
    assert verdict(found, Check.JKT) is Verdict.PASSED
    other = a_key("ES256", 1)
    found = inquired(at_the_api(a_proof(other, htm="GET", htu=API, ath=s256("old")), token))
    assert failing(found) == [Check.ATH, Check.JKT]


def test_header_fields_alone_leave_method_and_url_unjudged() -> None:
    found = inquired(f"Authorization: DPoP t\nDPoP: {a_proof(ath=s256('t'))}\n")
    assert verdict(found, Check.HTM) is Verdict.NOT_JUDGED
    assert verdict(found, Check.HTU) is Verdict.NOT_JUDGED
    assert failing(found) == []


def test_a_request_without_a_proof_lacks_one() -> None:
    assert failing(inquired("POST /token HTTP/1.1\nHost: x\n")) == [Check.HEADER_PRESENT]


def test_two_proofs_are_too_many() -> None:
    found = inquired(f"POST /token HTTP/1.1\nDPoP: {a_proof()}\nDPoP: {a_proof()}\n")
    assert failing(found) == [Check.HEADER_COUNT]
    assert found.decoded.header is None


@pytest.mark.parametrize(
    ("iat", "difference", "words"),
    [
        (NOW - 3600, -3600, "3600 seconds behind this server"),
        (NOW + 90, 90, "90 seconds ahead of this server"),
        ("now", None, None),
    ],
)
def test_the_clock_difference_is_told_in_seconds(
    iat: object, difference: float | None, words: str | None
) -> None:
    found = inquired(a_proof(iat=iat))
    assert (found.clock_difference, found.distance) == (difference, words)


def test_a_nonce_is_judged_by_those_the_server_accepts() -> None:
    for nonce, verdict_ in (("n", Verdict.PASSED), ("old", Verdict.FAILED)):
        found = inquired(a_proof(nonce=nonce), nonces=frozenset({"n"}))
        assert verdict(found, Check.NONCE) is verdict_
    assert verdict(inquired(a_proof(nonce="n")), Check.NONCE) is Verdict.NOT_JUDGED


@pytest.mark.parametrize("url", ["x", "ftp://x/", "https://", "/token"])
def test_a_url_that_is_none_is_told(url: str) -> None:
    with pytest.raises(NoUrl):
        inquired(a_proof(), url=url)


def test_a_host_that_is_none_leaves_the_url_unjudged() -> None:
    found = inquired(f"GET /x HTTP/1.1\nHost: a b c\nDPoP: {a_proof()}\n")
    assert found.at.uri is None
    assert verdict(found, Check.HTU) is Verdict.NOT_JUDGED
