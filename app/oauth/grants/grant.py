"""What a grant is to the token endpoint, and what passes between them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..authorization_details import Details
from ..client import Client, GrantType
from ..parameters import Parameters
from ..ports import IssuedToken, KeyBinding
from ..resource import Target


@dataclass(frozen=True, slots=True)
class GrantRequest:
    """A token request that passed the shared phases before the grant.

    The client is authenticated and may use the grant, the proof is admitted. ``now`` in POSIX
    seconds.
    """

    client: Client
    parameters: Parameters
    binding: KeyBinding
    address: str
    now: float


@dataclass(frozen=True, slots=True)
class Issued:
    """The tokens of one answer, and whose they are.

    ``issued_token_type`` as of RFC 8693 §2.2.1; ``details`` for the audit log.
    """

    access_token: IssuedToken
    refresh_token: str | None = None
    user_id: str | None = None
    family_id: str | None = None
    issued_token_type: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)


Redeem = Callable[[Target], Awaitable[Issued]]


@dataclass(frozen=True, slots=True)
class Authorization:
    """What the request was found to be good for. Nothing is consumed before ``redeem``.

    ``scopes`` and ``resources`` are the most it may have; ``resources`` None means any that is
    registered. ``requested_scope`` is the scope parameter, where the grant has one;
    ``requested_audiences`` are resources asked for beside those of the resource parameter.
    ``authorization_details`` are the most it may have; None means what the client is registered
    for, if the request names it (RFC 9396 §6).
    """

    scopes: frozenset[str]
    resources: tuple[str, ...] | None
    requested_scope: str | None
    redeem: Redeem
    requested_audiences: tuple[str, ...] = ()
    authorization_details: Details | None = ()


class Grant(Protocol):
    """One way to obtain tokens. Both hooks raise OAuthError, or the refusal of a proof."""

    @property
    def grant_type(self) -> GrantType: ...

    async def authorize(self, request: GrantRequest) -> Authorization:
        """Check all that is unique to the grant, consuming nothing."""
        ...
