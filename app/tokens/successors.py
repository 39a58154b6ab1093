"""Values that follow from the one before, so that a retry gets the same and none is stored."""

import hmac

from ..credentials import Kind, b64url, digest, same
from .derivation import derive


class Successors:
    """Makes successors of one kind.

    A successor is the HMAC-SHA256 of the presented value and the salt of its row, under a key for
    this purpose that derives from the deployment's secret.
    """

    def __init__(self, kind: Kind, purpose: bytes, secret: bytes, previous: bytes | None) -> None:
        self._kind = kind
        self._keys = derive(purpose, secret, previous)

    def of(self, presented: str, salt: str) -> str:
        """Return the successor under the current secret."""
        return self._made(self._keys[0], presented, salt)

    def find(self, presented: str, salt: str, expected_hash: str) -> str | None:
        """Return the successor with that hash, under the current or the previous secret."""
        values = (self._made(key, presented, salt) for key in self._keys)
        return next((value for value in values if same(digest(value), expected_hash)), None)

    def _made(self, key: bytes, presented: str, salt: str) -> str:
        return self._kind + b64url(hmac.digest(key, f"{presented}\n{salt}".encode(), "sha256"))
