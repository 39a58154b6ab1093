"""Refresh token values: the first is random, each successor follows from its predecessor."""

from ..credentials import Kind, mint
from .derivation import REFRESH_SUCCESSORS
from .successors import Successors


class ChainedRefreshTokens:
    """Makes refresh token values. Implements ``oauth.ports.RefreshTokens``."""

    def __init__(self, secret: bytes, previous: bytes | None = None) -> None:
        self._successors = Successors(Kind.REFRESH_TOKEN, REFRESH_SUCCESSORS, secret, previous)

    def first(self) -> str:
        return mint(Kind.REFRESH_TOKEN)

    def successor(self, presented: str, salt: str, expected_hash: str | None = None) -> str | None:
        """Return the successor; with ``expected_hash``, only the value that has it, else None."""
        if expected_hash is None:
            return self._successors.of(presented, salt)
        return self._successors.find(presented, salt, expected_hash)
