"""Admitting a verified proof: nonce policy, freshness, replay (RFC 9449 §8, §11.1, §11.3).

The one file of this package that awaits. A challenge consumes nothing.
"""

import asyncio
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from ..clock import Clock
from ..credentials import digest, same
from .binding import Bearer, BoundKey, check_client_key
from .errors import Check, NonceRequired, ProofRefused, shown
from .freshness import check_iat, check_latest, check_memory, memory_restarted, remember_until
from .nonce import Policy, check_nonce, owed, step_at, steps_accepted
from .ports import Outcome, ProofClient, ProofMemory, Spending
from .proof import VerifiedProof, proof_missing


class Admission:
    """The rules of one server, over the memory it shares with its replicas.

    ``policy`` ("off", "auto" or "required") is that of clients without their own. ``allow_bearer``
    lets clients with ``dpop_bound_access_tokens: false`` come without a proof. ``latest``: the
    seconds that a proof may be dated ahead even with a nonce, None for no limit.
    """

    def __init__(
        self,
        memory: ProofMemory,
        clock: Clock,
        policy: str = "auto",
        *,
        allow_bearer: bool = False,
        latest: int | None = None,
    ) -> None:
        self._memory = memory
        self._clock = clock
        self._policy = Policy(policy)
        self._allow_bearer = allow_bearer
        self._latest = latest
        self._nonces = _Nonces(memory)

    def gate(self, proof: VerifiedProof | None) -> "Gate":
        """Return the door for one request, and for the proof it came with."""
        return Gate(self, proof)

    async def accepted_nonces(self) -> frozenset[str]:
        """Return the nonces that are accepted now, to compare with; makes none."""
        steps = steps_accepted(self._clock.now())
        values = await asyncio.gather(*map(self._memory.known_nonce, steps))
        return frozenset(value for value in values if value)

    def without_proof(self, client: ProofClient) -> Bearer:
        """Let a request without a proof pass, or raise the refusal ``header.present``."""
        # RFC 9449 §5.2: If the value is true, the authorization server MUST reject token requests
        # from the client that do not contain the DPoP header.
        if client.dpop_bound_access_tokens or not self._allow_bearer:
            raise proof_missing()
        return Bearer()

    async def with_proof(
        self, proof: VerifiedProof, client: ProofClient, client_keys: AbstractSet[str]
    ) -> BoundKey:
        """Make the checks from ``client_key`` to ``replay``, in that order; spend the proof."""
        check_client_key(proof.jkt, client_keys)
        case = _Case(
            proof,
            Policy(client.dpop_nonce or self._policy),
            holder=digest(f"{proof.jkt}\n{client.client_id}"),
            now=self._clock.now(),
            born_at=self._memory.born_at,
        )
        check_latest(proof.iat, case.now, self._latest)
        try:
            step = await self._judge(case)
        except ProofRefused as refusal:
            raise await self._challenge(case, refusal) from None
        nonce = None if step is None else await self._nonces.current(case.now)
        await self._spend(case, step)
        return BoundKey(proof.jkt, nonce)

    async def _judge(self, case: "_Case") -> int | None:
        """Return the step of the proof's nonce, or None if its iat proves it fresh."""
        nonce, step = case.proof.nonce, None
        if nonce is not None and case.policy is not Policy.OFF:
            step = await self._nonces.step_of(nonce, case.now)
        check_nonce(case.policy, nonce, step)
        # RFC 9449 §4.3, check 11: The creation time of the JWT, as determined by either the iat
        # claim or a server managed timestamp via the nonce claim, is within an acceptable window
        if step is None:
            check_iat(case.proof.iat, case.now)
            check_memory(case.proof.iat, case.born_at)
        return step

    async def _spend(self, case: "_Case", step: int | None) -> None:
        proof = case.proof
        outcome = await self._memory.spend(
            Spending(
                jkt=proof.jkt,
                proof=proof_key(proof),
                expires_at=remember_until(proof.iat, step, case.now),
                holder=case.holder,
                owes_nonce=case.policy is Policy.AUTO and step is None,
                renew_marker=case.policy is Policy.AUTO and step is not None,
            )
        )
        # RFC 9449 §11.1: HTTP requests to the same URI for which the jti value has been seen before
        # would be declined.
        if outcome is Outcome.REPLAYED:
            raise ProofRefused(
                Check.REPLAY,
                "this proof was used before; sign a new one, with a new jti, for every request",
                expected="a jti never used before",
                received=shown(proof.jti),
            )
        # RFC 9449 §11.3: A server MUST NOT accept any DPoP proofs without the nonce claim when a
        # DPoP nonce has been provided to the client.
        if outcome is Outcome.NONCE_OWED:
            description = "this client was given a nonce before, and must keep sending one"
            raise await self._challenge(case, owed(description))
        # The memory was lost under this request: what was judged before the loss is worth nothing.
        if self._memory.born_at != case.born_at:
            raise await self._challenge(case, memory_restarted(proof.iat, self._memory.born_at))

    async def _challenge(self, case: "_Case", refusal: ProofRefused) -> ProofRefused:
        """Turn a refusal that a nonce can heal into a challenge, unless nonces are off."""
        if case.policy is Policy.OFF:
            return refusal
        nonce = await self._nonces.current(case.now)
        if case.policy is Policy.AUTO:
            await self._memory.mark(case.proof.jkt, case.holder)
        return NonceRequired(
            f"{refusal.description}. Sign a new proof with the nonce in the DPoP-Nonce header",
            nonce=nonce,
            check=refusal.check,
            expected=refusal.expected,
            received=refusal.received,
        )


@dataclass(frozen=True, slots=True)
class Gate:
    """The door for one request."""

    admission: Admission
    proof: VerifiedProof | None

    async def admit(self, client: ProofClient, client_keys: AbstractSet[str]) -> BoundKey | Bearer:
        """Admit the request, once, its client being authenticated.

        ``client_keys`` are the thumbprints of the keys the client authenticates with. Raises
        ProofRefused, or what the memory raises when it is out of reach.
        """
        if self.proof is None:
            return self.admission.without_proof(client)
        return await self.admission.with_proof(self.proof, client, client_keys)


@dataclass(frozen=True, slots=True)
class _Case:
    """One proof before the judge: what is known of it when its admission begins."""

    proof: VerifiedProof
    policy: Policy
    holder: str
    now: float
    born_at: float | None


class _Nonces:
    """The nonces of the accepted steps, as far as this process has seen them.

    A memory that was lost takes its nonces with it, so what is kept belongs to one birth.
    """

    def __init__(self, memory: ProofMemory) -> None:
        self._memory = memory
        self._born_at = memory.born_at
        self._kept: dict[int, str] = {}

    async def current(self, now: float) -> str:
        """Return the nonce to hand out."""
        kept, step = self._recall(), step_at(now)
        if step not in kept:
            value = await self._memory.nonce(step)
            for past in kept.keys() - set(steps_accepted(now)):
                del kept[past]
            kept[step] = value
        return kept[step]

    async def step_of(self, nonce: str, now: float) -> int | None:
        """Return the step whose nonce this is, if it is still accepted."""
        kept, steps = self._recall(), steps_accepted(now)
        found = _find(nonce, kept, steps)
        if found is None:
            values = await asyncio.gather(*map(self._memory.known_nonce, steps))
            kept.clear()
            kept.update((step, value) for step, value in zip(steps, values, strict=True) if value)
            found = _find(nonce, kept, steps)
        return found

    def _recall(self) -> dict[int, str]:
        if self._born_at != self._memory.born_at:
            self._born_at, self._kept = self._memory.born_at, {}
        return self._kept


def _find(nonce: str, kept: dict[int, str], steps: tuple[int, ...]) -> int | None:
    for step in steps:
        if step in kept and same(nonce, kept[step]):
            return step
    return None


def proof_key(proof: VerifiedProof) -> str:
    """Hash (jkt, htu, jti). Neither jkt nor a normalised htu can hold a line feed."""
    return digest(f"{proof.jkt}\n{proof.htu}\n{proof.jti}")
