"""What verifies access tokens, whichever way."""

from typing import Protocol

from .principal import Principal


class Tokens(Protocol):
    """Verifies access tokens of one issuer, for any audience."""

    async def verify(self, value: str) -> Principal:
        """Return what the token says, its issuer, signature and time being right.

        Raises reasons.InvalidToken, or TemporarilyUnavailable when nobody can tell now.
        """
        ...
