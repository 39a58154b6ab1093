"""Putting a guard together from a few plain values."""

from collections.abc import Collection
from typing import Any

from ..clock import Clock, SystemClock
from ..dpop.admission import Admission
from ..dpop.ports import ProofMemory
from ..state.memory.proofs import MemoryProofs
from .guard import Guard
from .introspection import IntrospectedTokens
from .introspection_client import IntrospectionClient
from .issuer import Issuer
from .jwt_tokens import JwtTokens
from .remote_keys import RemoteKeys
from .tokens import Tokens

REMEMBERED_PROOFS = 1_000_000

_CLOCK = SystemClock()


def jwt_guard(
    *,
    issuer: str,
    base_url: str,
    audience: str | Collection[str] | None = None,
    jwks_uri: str | None = None,
    memory: ProofMemory | None = None,
    nonce: str = "auto",
    clock: Clock = _CLOCK,
    **options: Any,  # noqa: ANN401  # handed on to Guard, which states their types
) -> Guard:
    """Make a guard that verifies JWTs offline, with the keys of the issuer.

    ``audience`` defaults to the base URL; ``jwks_uri`` to what the issuer's metadata says;
    ``memory`` to one of this process (see ``local_memory``). ``nonce``: "off", "auto" or
    "required" (RFC 9449 §9). ``options``: see ``Guard``.
    """
    keys = RemoteKeys(Issuer(issuer), clock, jwks_uri=jwks_uri)
    return guard_of(
        JwtTokens(issuer, keys, clock),
        base_url=base_url,
        audience=audience,
        memory=memory,
        nonce=nonce,
        clock=clock,
        **options,
    )


def introspecting_guard(
    *,
    client: IntrospectionClient,
    base_url: str,
    audience: str | Collection[str] | None = None,
    memory: ProofMemory | None = None,
    nonce: str = "auto",
    clock: Clock = _CLOCK,
    **options: Any,  # noqa: ANN401  # as above
) -> Guard:
    """Make a guard that asks the issuer about every token, so that what was revoked is refused.

    The other arguments are those of ``jwt_guard``.
    """
    return guard_of(
        IntrospectedTokens(client, clock),
        base_url=base_url,
        audience=audience,
        memory=memory,
        nonce=nonce,
        clock=clock,
        **options,
    )


def guard_of(
    tokens: Tokens,
    *,
    base_url: str,
    audience: str | Collection[str] | None,
    memory: ProofMemory | None,
    nonce: str,
    clock: Clock,
    **options: Any,  # noqa: ANN401  # as above
) -> Guard:
    """Make a guard from what verifies its tokens."""
    # An empty memory is a false value.
    kept = local_memory(clock) if memory is None else memory
    admission = Admission(kept, clock, nonce)
    return Guard(
        tokens, admission, clock, base_url=base_url, audience=audience or base_url, **options
    )


def local_memory(
    clock: Clock = _CLOCK, *, capacity: int = REMEMBERED_PROOFS, restarted: bool = True
) -> MemoryProofs:
    """Make a replay memory of this process alone. Several workers or hosts need a shared one.

    ``capacity``: proofs remembered at most, about 160 bytes each; a full memory refuses with 503.
    ``restarted``: another process may have taken proofs until a moment ago, so for 70 s proofs
    dated before its start are challenged for a nonce, or refused where nonces are off. False if
    there was none, as in tests.
    """
    return MemoryProofs(clock, clock.now() if restarted else None, capacity)
