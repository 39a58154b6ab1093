"""Device authorizations (RFC 8628): what is kept of one, and the code that its person types."""

import secrets
from dataclasses import dataclass

from ...credentials import digest
from ..authorization_details import Details

# RFC 8628 §6.1: the base-20 character set: no vowels, so no words, and no digits.
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"

# RFC 8628 §5.1, §6.1: 20^8, about 2^34.5: who may try ten codes in five minutes finds one of a
# thousand that are alive once in 25 years.
LENGTH = 8

SLOW_DOWN = 5
"""Seconds by which the interval of a device grows that polls too fast (RFC 8628 §3.5)."""

EARLY = 1
"""Seconds that a poll may come too soon: what left evenly spaced does not arrive so."""

TOLD_EXPIRED = 300
"""Seconds after its end that a device code is still known, to be told that it has expired."""


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """What a device asked for (RFC 8628 §3.1).

    ``dpop_jkt`` is the key its device code is bound to, if any. ``interval`` in seconds,
    ``expires_at`` in POSIX seconds.
    """

    client_id: str
    scopes: frozenset[str]
    resources: tuple[str, ...]
    dpop_jkt: str | None
    interval: int
    expires_at: float
    authorization_details: Details = ()

    @property
    def forgotten_at(self) -> float:
        """Until when its device code is known, in POSIX seconds."""
        return self.expires_at + TOLD_EXPIRED


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's answer.

    ``auth_time``: when they had signed in, in POSIX seconds; ``acr``: how.
    """

    allowed: bool
    user_id: str
    auth_time: float
    acr: str | None = None


@dataclass(frozen=True, slots=True)
class DeviceResponse:
    """The answer to a device (RFC 8628 §3.2); ``expires_in`` and ``interval`` in seconds.

    ``nonce`` goes into the DPoP-Nonce header field.
    """

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int
    nonce: str | None = None


def new_user_code() -> str:
    """Make a code that nobody can foresee, in two groups that are easy to read and to type."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return f"{letters[: LENGTH // 2]}-{letters[LENGTH // 2 :]}"


def normalised(typed: str) -> str | None:
    """Return the user code that somebody meant, as ``new_user_code`` writes it.

    None if it cannot be one.
    """
    # RFC 8628 §6.1: the server should strip dashes and other punctuation, the user's input should
    # be uppercased before a comparison, and further stripping of all characters outside the chosen
    # character set is recommended.
    letters = "".join(letter for letter in typed.upper() if letter in ALPHABET)
    if len(letters) != LENGTH:
        return None
    return f"{letters[: LENGTH // 2]}-{letters[LENGTH // 2 :]}"


def key_of(user_code: str) -> str:
    """Hash a user code: the name by which its device code is found."""
    return digest(user_code)


def fingerprint(client_id: str, dpop_jkt: str | None) -> str:
    """Hash what a redemption of a device code must match: 43 characters."""
    return digest(f"device\n{client_id}\n{dpop_jkt or ''}")
