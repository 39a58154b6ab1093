"""The inspector: every check on one proof, without stopping at the first failure."""

import dataclasses
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dpop.errors import Check
from app.dpop.inspection import Circumstances, Finding, Verdict, inspect
from tests.builders import NOW, TOKEN_ENDPOINT, s256
from tests.unit.dpop.support import EVERY_ALG, a_key, a_proof, refusal, verified
from tests.unit.dpop.test_proof import BREAKS, broken

pytestmark = pytest.mark.rfc("9449", "4.3")

PASSED, FAILED, NOT_JUDGED = Verdict
TOKEN = "an-access-token"


def inspected(*values: str, **circumstances: Any) -> dict[Check, Finding]:
    """Inspect at the token endpoint, and check that every check is there, once, in order."""
    at = Circumstances(algs=EVERY_ALG, now=NOW, method="POST", uri=TOKEN_ENDPOINT)
    findings = inspect(values, dataclasses.replace(at, **circumstances))
    assert [finding.check for finding in findings] == list(Check)
    for finding in findings:
        assert bool(finding.advice) == (finding.verdict is not PASSED)
        assert len(finding.received or "") <= 200
    return {finding.check: finding for finding in findings}


def verdicts(found: dict[Check, Finding], verdict: Verdict) -> set[Check]:
    return {check for check, finding in found.items() if finding.verdict is verdict}


def test_a_valid_proof_passes_all_that_can_be_judged() -> None:
    jkt = a_key().jkt
    found = inspected(
        a_proof(ath=s256(TOKEN), nonce="n"),
        access_token=TOKEN,
        token_jkt=jkt,
        client_keys=frozenset[str](),
        nonces=frozenset({"n"}),
        grant_jkt=jkt,
    )
    assert verdicts(found, FAILED) == set()
    assert verdicts(found, NOT_JUDGED) == {Check.REPLAY}


def test_what_is_not_known_is_not_judged_and_the_reason_told() -> None:
    found = inspected(a_proof(), method=None, uri=None)
    assert verdicts(found, NOT_JUDGED) == {
        Check.HTM,
        Check.HTU,
        Check.ATH,
        Check.JKT,
        Check.CLIENT_KEY,
        Check.NONCE,
        Check.REPLAY,
        Check.BINDING,
    }
    assert "method of the request" in str(found[Check.HTM].advice)


def test_without_a_proof_only_its_absence_is_judged() -> None:
    found = inspected()
    assert verdicts(found, FAILED) == {Check.HEADER_PRESENT}
    assert verdicts(found, PASSED) == set()


@pytest.mark.parametrize("first", BREAKS)
def test_a_proof_that_fails_one_check_is_refused_for_it_alone(first: Check) -> None:
    values = broken(first)
    found = inspected(*values)
    refused = refusal(verified, *values)
    assert verdicts(found, FAILED) == {first}
    assert found[first] == Finding(
        first, FAILED, refused.expected, refused.received, refused.description
    )


@pytest.mark.parametrize(("first", "second"), list(combinations(BREAKS, 2)))
def test_the_first_failure_is_the_one_the_verifier_reports(first: Check, second: Check) -> None:
    values = broken(first, second)
    found = inspected(*values)
    assert next(check for check in Check if found[check].verdict is FAILED) is first
    assert refusal(verified, *values).check is first


def test_later_failures_are_found_too() -> None:
    proof = a_key().sign(
        {"typ": "JWT", "alg": "ES256", "jwk": a_key().public_jwk},
        {"htm": "GET", "htu": "https://other.example/", "iat": NOW - 3600, "ath": "x"},
    )
    found = inspected(proof, access_token=TOKEN)
    assert verdicts(found, FAILED) == {
        Check.TYP,
        Check.CLAIMS,
        Check.HTM,
        Check.HTU,
        Check.ATH,
        Check.IAT,
    }
    assert found[Check.SIGNATURE].verdict is PASSED


def test_expected_stands_beside_received_where_a_check_passes() -> None:
    found = inspected(a_proof(htu=f"{TOKEN_ENDPOINT}?x", iat=NOW - 3))
    pairs = {check: (finding.expected, finding.received) for check, finding in found.items()}
    assert pairs[Check.TYP] == ("dpop+jwt", "dpop+jwt")
    assert pairs[Check.HTM] == ("POST", "POST")
    assert pairs[Check.HTU] == (TOKEN_ENDPOINT, f"{TOKEN_ENDPOINT}?x")
    assert pairs[Check.IAT] == (
        "1799999940 to 1800000010",
        "1799999997.0, 3 seconds behind this server",
    )
    assert a_key().jkt in str(pairs[Check.SIGNATURE][0])


def test_a_header_and_payload_that_can_be_read_are_judged_though_the_form_is_wrong() -> None:
    found = inspected(a_proof(htm="GET") + "=")
    assert verdicts(found, FAILED) == {Check.JWT_FORM, Check.HTM}
    assert verdicts(found, PASSED) >= {Check.TYP, Check.ALG, Check.JWK, Check.CLAIMS, Check.HTU}
    assert found[Check.SIGNATURE].verdict is NOT_JUDGED


@pytest.mark.parametrize("part", [0, 1])
def test_one_part_that_cannot_be_read_leaves_the_other_judged(part: int) -> None:
    parts = a_proof().split(".")
    parts[part] = "!"
    found = inspected(".".join(parts))
    readable = {Check.CLAIMS, Check.HTM, Check.HTU, Check.IAT}
    if part == 1:
        readable = {Check.TYP, Check.ALG, Check.JWK}
    assert verdicts(found, PASSED) == {Check.HEADER_PRESENT, Check.HEADER_COUNT} | readable
    assert verdicts(found, FAILED) == {Check.JWT_FORM}


def test_an_algorithm_that_is_known_but_not_taken_is_verified_nonetheless() -> None:
    found = inspected(a_key("RS256").proof(), algs=frozenset({"ES256"}))
    assert verdicts(found, FAILED) == {Check.ALG}
    assert found[Check.SIGNATURE].verdict is PASSED


@pytest.mark.parametrize("alg", ["HS256", "none", None, 5, ["ES256"]])
def test_with_an_unknown_algorithm_neither_key_nor_signature_is_judged(alg: object) -> None:
    found = inspected(a_key().proof(header={"alg": alg}))
    assert verdicts(found, FAILED) == {Check.ALG}
    assert verdicts(found, NOT_JUDGED) >= {Check.JWK, Check.SIGNATURE}


def test_a_private_key_is_found_and_never_shown() -> None:
    private = a_key().key.as_dict(private=True)
    findings = inspected(a_key().proof(header={"jwk": private}))
    assert findings[Check.JWK].verdict is FAILED
    assert private["d"] not in str([dataclasses.asdict(one) for one in findings.values()])


@pytest.mark.parametrize(
    ("claims", "circumstances", "check"),
    [
        ({}, {"access_token": TOKEN}, Check.ATH),
        ({"ath": s256("other")}, {"access_token": TOKEN}, Check.ATH),
        ({}, {"token_jkt": "other"}, Check.JKT),
        ({}, {"client_keys": frozenset({a_key().jkt})}, Check.CLIENT_KEY),
        ({"nonce": "old"}, {"nonces": frozenset({"n"})}, Check.NONCE),
        ({}, {"nonces": frozenset({"n"}), "policy": "required"}, Check.NONCE),
        ({"iat": NOW - 61}, {}, Check.IAT),
        ({"iat": NOW - 61, "nonce": "n"}, {"nonces": frozenset({"n"}), "policy": "off"}, Check.IAT),
        ({}, {"grant_jkt": "other"}, Check.BINDING),
    ],
)
def test_each_check_that_needs_to_know_more_can_fail(
    claims: dict[str, Any], circumstances: dict[str, Any], check: Check
) -> None:
    found = inspected(a_proof(**claims), **circumstances)
    assert verdicts(found, FAILED) == {check}


@pytest.mark.parametrize("policy", ["off", "auto"])
def test_no_nonce_is_missed_where_the_policy_wants_none(policy: str) -> None:
    found = inspected(a_proof(), policy=policy, nonces=frozenset[str]())
    assert found[Check.NONCE].verdict is PASSED


def test_a_valid_nonce_forgives_the_clock() -> None:
    found = inspected(a_proof(iat=NOW - 9000, nonce="n"), nonces=frozenset({"n"}))
    assert found[Check.IAT].verdict is PASSED
    assert "9000 seconds behind" in str(found[Check.IAT].received)


def test_an_inspection_changes_nothing_and_can_be_repeated() -> None:
    proof = a_proof()
    assert inspected(proof) == inspected(proof)
    assert verified(proof).jkt == a_key().jkt


@given(st.lists(st.text("abAZ09-_.,={} ", max_size=60), max_size=2))
def test_any_field_values_are_inspected_to_the_end(values: list[str]) -> None:
    assert inspected(*values)


@given(
    st.dictionaries(
        st.sampled_from(["jti", "htm", "htu", "iat", "nonce", "ath"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just([]),
    )
)
def test_any_claims_are_inspected_to_the_end(claims: dict[str, Any]) -> None:
    assert inspected(a_proof(**claims), access_token=TOKEN, nonces=frozenset({"n"}))
