"""Every check of RFC 9449 §4.3 on one proof, for people who ask why it was refused.

The functions of ``verify`` and admission, called one by one: a failure does not end the inspection
where later checks can still be judged. Pure: consumes no jti, hands out no nonce.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from .access_token import check_ath, check_jkt
from .algorithms import ALGORITHMS, check_alg
from .binding import BoundKey, check_client_key
from .claims import iat_of, read_claims, text_of
from .errors import Check, ProofRefused, shown
from .freshness import check_iat, check_latest, distance, window
from .jws import JsonObject, Jws, json_object, parse, split
from .keys import PublicKey, check_jwk
from .nonce import Policy, check_nonce
from .proof import TYP, check_count, check_htm, check_present, check_signature, check_typ
from .uri import check_htu

T = TypeVar("T")


class Verdict(StrEnum):
    """What became of a check."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check. ``advice`` says what to change, or why the check could not be judged."""

    check: Check
    verdict: Verdict
    expected: str | None = None
    received: str | None = None
    advice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What is known of the request a proof came with. What is None leaves its checks unjudged.

    ``now`` is POSIX seconds; ``token_jkt`` the access token's ``cnf.jkt``; ``client_keys`` the
    thumbprints of the client's keys; ``nonces`` those the server accepts now; ``grant_jkt`` the key
    that the code or refresh token is bound to; ``latest`` the seconds that a proof may be dated
    ahead even with a nonce.
    """

    algs: AbstractSet[str]
    now: float
    method: str | None = None
    uri: str | None = None
    access_token: str | None = None
    token_jkt: str | None = None
    client_keys: AbstractSet[str] | None = None
    policy: str = Policy.AUTO
    nonces: AbstractSet[str] | None = None
    grant_jkt: str | None = None
    latest: int | None = None


_NOT_JUDGED = {
    Check.HEADER_COUNT: "there is no proof",
    Check.JWT_FORM: "there is not exactly one proof",
    Check.TYP: "the proof's header cannot be read",
    Check.ALG: "the proof's header cannot be read",
    Check.JWK: "which kind of key is right depends on alg",
    Check.SIGNATURE: "it takes a well-formed proof, its alg and its key to verify it",
    Check.CLAIMS: "the proof's payload cannot be read",
    Check.HTM: "it takes the proof's htm and the method of the request",
    Check.HTU: "it takes the proof's htu and the URI of the request",
    Check.ATH: "it takes the access token sent with the proof; at a token endpoint there is none",
    Check.JKT: "it takes the proof's key and the cnf.jkt of the access token sent with it",
    Check.CLIENT_KEY: "it takes the proof's key and the keys of the client",
    Check.NONCE: "it takes the nonces that the server accepts now",
    Check.IAT: "it takes the proof's iat",
    Check.REPLAY: "an inspection neither remembers a jti nor looks one up",
    Check.BINDING: "it takes the proof's key and the key that the code or token is bound to",
}


_NONCES_WANTED = {
    Policy.OFF: "any or none: this server uses no nonces",
    Policy.AUTO: "none, or a nonce of this server",
    Policy.REQUIRED: "a nonce of this server",
}


def inspect(values: Sequence[str], at: Circumstances) -> tuple[Finding, ...]:
    """Judge the values of a request's DPoP header fields: one finding a check, in their order."""
    report = _Report()
    report.judge(
        Check.HEADER_PRESENT, check_present, values, expected="1", received=str(len(values))
    )
    value = report.judge(
        Check.HEADER_COUNT, check_count, values or None, expected="1", received=str(len(values))
    )
    jws = report.judge(Check.JWT_FORM, parse, value)
    header, payload = (jws.header, jws.payload) if jws else _salvage(value)
    key = _judge_header(report, jws, header, at)
    _judge_claims(report, payload, at)
    jkt = key.jkt if key else None
    _judge_keys(report, payload, jkt, at)
    _judge_freshness(report, payload, at)
    report.skip(Check.REPLAY)
    report.judge(
        Check.BINDING,
        lambda key, bound: BoundKey(key).confirm(bound),
        jkt,
        at.grant_jkt,
        expected=at.grant_jkt,
        received=jkt,
    )
    return tuple(report.findings)


def _judge_header(
    report: "_Report", jws: Jws | None, header: JsonObject | None, at: Circumstances
) -> PublicKey | None:
    typ, alg = (header or {}).get("typ"), (header or {}).get("alg")
    report.judge(Check.TYP, check_typ, header, expected=TYP, received=shown(typ))
    report.judge(
        Check.ALG, check_alg, header, at.algs, expected=_listed(at.algs), received=shown(alg)
    )
    # The key and signature of an algorithm that is known but not taken can be judged nonetheless.
    algorithm = ALGORITHMS.get(alg) if isinstance(alg, str) else None
    wanted = algorithm.key_wanted if algorithm else None
    key = report.judge(Check.JWK, check_jwk, header, algorithm, expected=wanted, received=wanted)
    signer = f"a signature by the key {key.jkt}" if key else None
    report.judge(
        Check.SIGNATURE, check_signature, jws, algorithm, key, expected=signer, received=signer
    )
    return key


def _judge_claims(report: "_Report", payload: JsonObject | None, at: Circumstances) -> None:
    report.judge(
        Check.CLAIMS,
        read_claims,
        payload,
        expected="jti, htm, htu, iat",
        received=", ".join(payload or ()),
    )
    htm, htu = _text(payload, "htm"), _text(payload, "htu")
    report.judge(Check.HTM, check_htm, htm, at.method, expected=at.method, received=htm)
    report.judge(Check.HTU, check_htu, htu, at.uri, expected=at.uri, received=htu)


def _judge_keys(
    report: "_Report", payload: JsonObject | None, jkt: str | None, at: Circumstances
) -> None:
    ath = _text(payload, "ath")
    report.judge(
        Check.ATH,
        lambda _, token: check_ath(ath, token),
        payload,
        at.access_token,
        expected="the hash of the access token",
        received=ath,
    )
    report.judge(Check.JKT, check_jkt, jkt, at.token_jkt, expected=at.token_jkt, received=jkt)
    report.judge(
        Check.CLIENT_KEY,
        check_client_key,
        jkt,
        at.client_keys,
        expected="none of the client's keys",
        received=jkt,
    )


def _judge_freshness(report: "_Report", payload: JsonObject | None, at: Circumstances) -> None:
    policy, nonce = Policy(at.policy), _text(payload, "nonce")
    nonces = frozenset() if policy is Policy.OFF else at.nonces
    proven = nonce is not None and nonce in (nonces or ())
    report.judge(
        Check.NONCE,
        lambda *_: check_nonce(policy, nonce, 0 if proven else None),
        payload,
        nonces,
        expected=_NONCES_WANTED[policy],
        received=nonce or "no nonce",
    )
    iat = _attempt(iat_of, payload)
    report.judge(
        Check.IAT,
        lambda iat, now: _check_time(iat, now, at.latest, proven=proven),
        iat,
        at.now,
        expected="any, the nonce being valid" if proven else window(at.now),
        received=None if iat is None else f"{iat}, {distance(iat, at.now)} this server",
    )


class _Report:
    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def judge(
        self,
        check: Check,
        step: Callable[..., T],
        *inputs: object,
        expected: str | None = None,
        received: str | None = None,
    ) -> T | None:
        """Make one check, if every input is there. ``expected``, ``received``: when it passes."""
        if any(item is None for item in inputs):
            self.skip(check)
            return None
        try:
            result = step(*inputs)
        except ProofRefused as refusal:
            self.findings.append(
                Finding(
                    check, Verdict.FAILED, refusal.expected, refusal.received, refusal.description
                )
            )
            return None
        came = None if received is None else shown(received)
        self.findings.append(Finding(check, Verdict.PASSED, expected, came))
        return result

    def skip(self, check: Check) -> None:
        advice = f"not judged: {_NOT_JUDGED[check]}"
        self.findings.append(Finding(check, Verdict.NOT_JUDGED, advice=advice))


def _salvage(value: str | None) -> tuple[JsonObject | None, JsonObject | None]:
    """Read what can be read of a proof whose form is wrong."""
    parts = _attempt(split, value)
    if parts is None:
        return None, None
    return _attempt(json_object, "header", parts[0]), _attempt(json_object, "payload", parts[1])


def _text(payload: JsonObject | None, name: str) -> str | None:
    return _attempt(text_of, payload, name)


def _attempt(step: Callable[..., T], *inputs: object) -> T | None:
    if any(item is None for item in inputs):
        return None
    try:
        return step(*inputs)
    except ProofRefused:
        return None


def _check_time(iat: float, now: float, latest: int | None, *, proven: bool) -> None:
    """``proven``: the nonce proves the proof fresh (RFC 9449 §11.1)."""
    check_latest(iat, now, latest)
    if not proven:
        check_iat(iat, now)


def _listed(algs: AbstractSet[str]) -> str:
    return ", ".join(sorted(algs))
