"""Nonce policy (RFC 9449 §8): whether a proof needs the server's nonce. Pure."""

from enum import StrEnum

from .errors import Check, ProofRefused, shown

STEP_SECONDS = 60


class Policy(StrEnum):
    """When a proof must carry a nonce."""

    OFF = "off"
    """Never: none is handed out, and the claim is ignored."""
    AUTO = "auto"
    """When its iat is out of the window, or when its client was given a nonce before."""
    REQUIRED = "required"
    """Always."""


def step_at(now: float) -> int:
    """Return the 60 s step that ``now`` (POSIX seconds) lies in. Each step has one nonce."""
    return int(now // STEP_SECONDS)


def steps_accepted(now: float) -> tuple[int, int, int]:
    """Return the steps whose nonces are taken: previous, current, and next.

    The next, because the clock of the replica that handed it out may be ahead of ours.
    """
    step = step_at(now)
    return step - 1, step, step + 1


def runs_out(step: int) -> float:
    """Return when the last replica stops taking the nonce of a step, clocks being equal."""
    return float((step + 2) * STEP_SECONDS)


def check_nonce(policy: Policy, nonce: str | None, step: int | None) -> None:
    """Raise the refusal ``nonce`` if the policy wants a nonce, or a better one.

    ``step`` is the step whose nonce the claim equals, None if it equals none that is accepted.
    """
    if policy is Policy.OFF or step is not None:
        return
    if nonce is not None:
        # RFC 9449 §8: If the nonce claim in the DPoP proof does not exactly match a nonce recently
        # supplied by the authorization server to the client, the authorization server MUST reject
        # the request.
        raise ProofRefused(
            Check.NONCE,
            "the proof's nonce is not, or no longer, one of this server's",
            expected="a nonce of this server, at most two minutes old",
            received=shown(nonce),
        )
    if policy is Policy.REQUIRED:
        raise owed("this server requires a nonce in every DPoP proof")


def owed(description: str) -> ProofRefused:
    """Return the refusal of a proof that carries no nonce but must."""
    return ProofRefused(
        Check.NONCE,
        description,
        expected="the nonce of the DPoP-Nonce header field",
        received="no nonce",
    )
