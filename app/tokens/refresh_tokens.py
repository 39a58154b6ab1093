"""Refresh token values: the first is random, each successor follows from its predecessor."""

import hmac

from ..credentials import Kind, b64url, digest, mint, same
from .derivation import REFRESH_SUCCESSORS, derive


class ChainedRefreshTokens:
    """Makes refresh token values. Implements ``oauth.ports.RefreshTokens``.

    A retried refresh gets the same successor, though no value is stored: it is the HMAC-SHA256 of
    the presented token and the salt of its row, under a key of the deployment's secret.
    """

    def __init__(self, secret: bytes, previous: bytes | None = None) -> None:
        self._keys = derive(REFRESH_SUCCESSORS, secret, previous)

    def first(self) -> str:
        return mint(Kind.REFRESH_TOKEN)

    def successor(self, presented: str, salt: str, expected_hash: str | None = None) -> str | None:
        """Return the successor; with ``expected_hash``, only the value that has it, else None."""
        message = f"{presented}\n{salt}".encode()
        values = (
            Kind.REFRESH_TOKEN + b64url(hmac.digest(k, message, "sha256")) for k in self._keys
        )
        if expected_hash is None:
            return next(values)
        return next((value for value in values if same(digest(value), expected_hash)), None)
