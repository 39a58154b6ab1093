"""Signing keys at rest, as tokens needs them."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol


class KeyState(StrEnum):
    """A key is published as next, signs as active, and still verifies as retired."""

    NEXT = "next"
    ACTIVE = "active"
    RETIRED = "retired"
    REVOKED = "revoked"


class SealedKey(Protocol):
    """A signing key as it is stored. Times are POSIX seconds."""

    @property
    def kid(self) -> str: ...
    @property
    def alg(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def public_jwk(self) -> str:
        """JSON."""
        ...

    @property
    def sealed_private_jwk(self) -> str:
        """The private JWK, encrypted with the deployment's secret."""
        ...

    @property
    def created_at(self) -> float: ...
    @property
    def activated_at(self) -> float | None: ...
    @property
    def retired_at(self) -> float | None: ...


class SealedKeys(Protocol):
    """The stored signing keys. Each method is one committed transaction."""

    async def list(self) -> Sequence[SealedKey]: ...

    async def add(
        self, *, kid: str, alg: str, state: str, public_jwk: str, sealed_private_jwk: str, at: float
    ) -> None:
        """Insert; with state active, only if no key is active (two replicas may start at once)."""
        ...

    async def activate(self, kid: str, at: float) -> bool:
        """Atomically retire the active key and activate this one; False if it is not next."""
        ...

    async def revoke(self, kid: str, at: float) -> bool: ...

    async def reseal(self, kid: str, sealed_private_jwk: str) -> None: ...
