"""An inspection from start to end, for each of its faces: what was pasted, judged and decoded.

Pure: reads no clock and no store, changes nothing.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from . import pasted
from .claims import iat_of
from .decoded import Decoded, bound_to, decode
from .errors import ProofRefused
from .freshness import distance
from .inspection import Circumstances, Finding, Verdict, inspect
from .pasted import Pasted
from .uri import normalise


class NoUrl(ValueError):
    """The URL that the proof is to be judged by is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What one server asks of a proof. ``endpoints``: its paths that take one.

    ``token_endpoint`` is what a proof is judged by that comes alone. ``latest``: the seconds that
    a proof may be dated ahead even with a nonce, None for no limit.
    """

    issuer: str
    token_endpoint: str
    endpoints: frozenset[str]
    algs: AbstractSet[str]
    policy: str
    latest: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the person says beside what is pasted, and over it. None: nothing."""

    method: str | None = None
    url: str | None = None
    access_token: str | None = None
    jkt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """The answer. ``clock_difference``: seconds that the proof's iat is ahead, negative behind."""

    pasted: Pasted
    at: Circumstances
    decoded: Decoded
    findings: tuple[Finding, ...]
    clock_difference: float | None

    @property
    def failed(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.verdict is Verdict.FAILED)

    @property
    def distance(self) -> str | None:
        """The clock difference in words."""
        if self.clock_difference is None:
            return None
        return f"{distance(self.at.now + self.clock_difference, self.at.now)} this server"


def inquire(
    text: str, rules: Rules, *, now: float, told: Told, nonces: AbstractSet[str] | None = None
) -> Inquiry:
    """Inspect what was pasted. ``nonces``: those that the server accepts now. Raises NoUrl."""
    found = pasted.read(text)
    at = _circumstances(found, rules, now, told, nonces)
    decoded = decode(found.proofs[0]) if len(found.proofs) == 1 else Decoded(None, None, None)
    return Inquiry(
        pasted=found,
        at=at,
        decoded=decoded,
        findings=inspect(found.proofs, at),
        clock_difference=_clock_difference(decoded, now),
    )


def _circumstances(
    found: Pasted, rules: Rules, now: float, told: Told, nonces: AbstractSet[str] | None
) -> Circumstances:
    access_token = told.access_token or found.access_token
    method, url = told.method or found.method, _url(found, rules, told)
    # A proof that comes alone is most often one for the token endpoint.
    if not found.is_request and access_token is None:
        method, url = method or "POST", url or rules.token_endpoint
    return Circumstances(
        algs=rules.algs,
        now=now,
        method=method,
        uri=url,
        access_token=access_token,
        token_jkt=told.jkt or (bound_to(access_token) if access_token else None),
        policy=rules.policy,
        nonces=nonces,
        latest=rules.latest,
    )


def _url(found: Pasted, rules: Rules, told: Told) -> str | None:
    if told.url is not None:
        try:
            return normalise(told.url)
        except ProofRefused:
            raise NoUrl("the URL must be an absolute http or https URL") from None
    url = found.url(rules.issuer, rules.endpoints)
    try:
        return url and normalise(url)
    except ProofRefused:
        return None


def _clock_difference(decoded: Decoded, now: float) -> float | None:
    try:
        return iat_of(decoded.claims or {}) - now
    except ProofRefused:
        return None
