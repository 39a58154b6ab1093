"""The claims of a proof (RFC 9449 §4.2): there, and of the right JSON types."""

from dataclasses import dataclass

from .errors import Check, ProofRefused, shown
from .jws import JsonObject

JTI_LENGTHS = range(1, 257)
LATEST_IAT = 253_402_300_799
"""The end of the year 9999. A greater number is no time in seconds, most often milliseconds."""


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a proof. ``iat`` is POSIX seconds, whole or not."""

    jti: str
    htm: str
    htu: str
    iat: float
    nonce: str | None
    ath: str | None


def read_claims(payload: JsonObject) -> Claims:
    """Read the claims. Raises the refusal ``claims``."""
    # RFC 9449 §4.3, check 3: All required claims per Section 4.2 are contained in the JWT.
    return Claims(
        jti=jti_of(payload),
        htm=text_of(payload, "htm"),
        htu=text_of(payload, "htu"),
        iat=iat_of(payload),
        nonce=text_of(payload, "nonce") if "nonce" in payload else None,
        ath=text_of(payload, "ath") if "ath" in payload else None,
    )


def text_of(payload: JsonObject, name: str) -> str:
    """Return a claim that is a string."""
    value = payload.get(name)
    if not isinstance(value, str):
        raise _refused(payload, name, "a string")
    return value


def jti_of(payload: JsonObject) -> str:
    """Return the unique identifier of the proof."""
    jti = text_of(payload, "jti")
    if len(jti) not in JTI_LENGTHS:
        raise ProofRefused(
            Check.CLAIMS,
            f"jti has {len(jti)} characters, expected 1 to 256",
            expected="1 to 256 characters",
            received=f"{len(jti)} characters",
        )
    return jti


def iat_of(payload: JsonObject) -> float:
    """Return the time the proof was made."""
    iat = payload.get("iat")
    # RFC 7519 §2: NumericDate: A JSON numeric value. (To Python true and false are numbers too.)
    if not isinstance(iat, int | float) or isinstance(iat, bool):
        raise _refused(payload, "iat", "a number")
    if not 0 <= iat <= LATEST_IAT:
        raise ProofRefused(
            Check.CLAIMS,
            f"iat is {shown(iat)}, which is no time in seconds since 1970; "
            "milliseconds must be divided by 1000",
            expected="seconds since 1970-01-01T00:00:00Z",
            received=shown(iat),
        )
    return iat


def _refused(payload: JsonObject, name: str, expected: str) -> ProofRefused:
    if name not in payload:
        return ProofRefused(
            Check.CLAIMS,
            f"the proof has no claim '{name}', which must be {expected}",
            expected=expected,
            received="nothing",
        )
    received = shown(payload[name])
    return ProofRefused(
        Check.CLAIMS,
        f"the proof's claim '{name}' is {received}, expected {expected}",
        expected=expected,
        received=received,
    )
