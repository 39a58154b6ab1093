"""Counters for Prometheus. Labels take few values, and none that a request can choose."""

import os
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from .audit import AuditEvent, AuditSink, EventKind

# The library reads this when it is imported: where processes that share a port put their counts.
SHARED_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

CHALLENGE = "use_dpop_nonce"
PENDING = frozenset({"authorization_pending", "slow_down"})
UNAVAILABLE = "temporarily_unavailable"
PROOF_REPLAYED = "replay"


class Metrics:
    """What one server counts. Workers that share a port add up theirs, whichever is asked."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self._issued = Counter(
            "holdfast_tokens_issued", "Access tokens issued.", ["grant_type"], registry=registry
        )
        self._refused = Counter(
            "holdfast_refusals",
            "Requests refused, by error code and, for a DPoP proof, the check that failed. "
            "Challenges for a nonce are counted apart.",
            ["error", "check"],
            registry=registry,
        )
        self._challenged = Counter(
            "holdfast_dpop_nonce_challenges",
            "Requests told to come again with a nonce: expected, no failure.",
            ["check"],
            registry=registry,
        )
        self._pending = Counter(
            "holdfast_device_polls",
            "Polls of devices whose person has not answered yet: expected, no failure. "
            "slow_down counts those that came too soon.",
            ["answer"],
            registry=registry,
        )
        self._replayed = Counter(
            "holdfast_replays",
            "Proofs, codes, refresh tokens and client assertions that came a second time.",
            ["kind"],
            registry=registry,
        )
        self._unavailable = Counter(
            "holdfast_unavailable",
            "Requests that failed because a part was out of reach.",
            ["part"],
            registry=registry,
        )
        self._seconds = Histogram(
            "holdfast_token_request_seconds",
            "Time to answer at the token endpoint.",
            ["status"],
            buckets=_BUCKETS,
            registry=registry,
        )
        ProcessCollector(registry=registry)

    def issued(self, grant_type: str) -> None:
        """Count an access token."""
        self._issued.labels(grant_type).inc()

    def refused(self, refusal: Exception) -> None:
        """Count what a request was refused with.

        Refusals of the protocol and of proofs are not of this package; they say ``error``, and
        where they have them ``check``, ``replayed`` and ``part``.
        """
        error = str(getattr(refusal, "error", "server_error"))
        check = str(getattr(refusal, "check", ""))
        if error == CHALLENGE:
            self._challenged.labels(check).inc()
            return
        if error in PENDING:
            self._pending.labels(error).inc()
            return
        self._refused.labels(error, check).inc()
        replayed = "proof" if check == PROOF_REPLAYED else getattr(refusal, "replayed", None)
        if replayed is not None:
            self._replayed.labels(replayed).inc()
        if error == UNAVAILABLE:
            self._unavailable.labels(getattr(refusal, "part", None) or "other").inc()

    def answered(self, status: int, seconds: float) -> None:
        """Count an answer of the token endpoint."""
        self._seconds.labels(str(status)).observe(seconds)

    def render(self, accept: str) -> tuple[bytes, str]:
        """Write everything in the format that the Accept header field asks for, and name it."""
        encode: Callable[[CollectorRegistry], bytes]
        encode, content_type = choose_encoder(accept)
        return encode(self._everything()), content_type

    def _everything(self) -> CollectorRegistry:
        if SHARED_DIRECTORY not in os.environ:
            return self._registry
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library's
        return registry


class CountingAudit:
    """AuditSink: counts the tokens that the events tell of, and passes every event on."""

    def __init__(self, sink: AuditSink, metrics: Metrics) -> None:
        self._sink = sink
        self._metrics = metrics

    def record(self, event: AuditEvent) -> None:
        if event.kind is EventKind.TOKEN_ISSUED:
            self._metrics.issued(event.details["grant_type"])
        self._sink.record(event)
