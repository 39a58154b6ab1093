"""What an admitted proof binds tokens to (RFC 9449 §5, §6, §10)."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from .errors import Check, ProofRefused


@dataclass(frozen=True, slots=True)
class BoundKey:
    """Tokens are bound to the key that signed the proof.

    ``nonce`` is to be handed out with a success, if it is set.
    """

    jkt: str
    nonce: str | None = None

    @property
    def token_type(self) -> Literal["DPoP"]:
        return "DPoP"

    def confirm(self, jkt: str | None) -> None:
        """Raise the refusal ``binding`` if ``jkt`` is set and names another key."""
        # RFC 9449 §5: The binding MUST be validated when the refresh token is later presented to
        # get new access tokens. §10: If they do not match, it MUST reject the request.
        if jkt is not None and jkt != self.jkt:
            raise _wrong_key(jkt, self.jkt)


@dataclass(frozen=True, slots=True)
class Bearer:
    """Tokens are bound to nothing: an administrator allowed this client plain Bearer tokens."""

    @property
    def jkt(self) -> None:
        return None

    @property
    def nonce(self) -> None:
        return None

    @property
    def token_type(self) -> Literal["Bearer"]:
        return "Bearer"

    def confirm(self, jkt: str | None) -> None:
        """Raise the refusal ``binding`` if ``jkt`` is set: no proof was sent for it."""
        if jkt is not None:
            raise _wrong_key(jkt, "no proof")


def check_client_key(jkt: str, client_keys: AbstractSet[str]) -> None:
    """Raise the refusal ``client_key`` if the proof's key is one the client authenticates with."""
    # NIST SP 800-57 Part 1 §5.2: a single key shall be used for only one purpose.
    if jkt in client_keys:
        raise ProofRefused(
            Check.CLIENT_KEY,
            "the proof is signed with a key the client authenticates with; "
            "make another key for DPoP",
            expected="a key that is not in the client's jwks",
            received=jkt,
        )


def _wrong_key(expected: str, received: str) -> ProofRefused:
    return ProofRefused(
        Check.BINDING,
        "the code or refresh token is bound to a key, and this request does not prove possession "
        "of that very key",
        expected=expected,
        received=received,
        error="invalid_grant",
    )
