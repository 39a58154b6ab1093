"""The numbers in a public JWK, checked so that one key can be written in one way only.

A key with two spellings would have two thumbprints, and a binding to either would be worth less.
"""

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurve,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64decode

from .errors import Check, ProofRefused, shown

AnyKey = ECKey | OKPKey | RSAKey

# RFC 7518 §6.2.1.2: the octets of a coordinate are the full size of one for the curve.
_CURVES: dict[str, tuple[EllipticCurve, int]] = {
    "P-256": (SECP256R1(), 32),
    "P-384": (SECP384R1(), 48),
    "P-521": (SECP521R1(), 66),
}

RSA_BITS = range(2048, 4097)

# FIPS 186-5 §5.4 wants an odd exponent above 2^16. The bound above keeps a verification cheap:
# its cost grows with the exponent, and no generator in use goes beyond 32 bits.
RSA_EXPONENTS = range(65537, 2**32, 2)

ED25519_OCTETS = 32
_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER = frozenset({0, 1, _P - 1, _ORDER_8, _P - _ORDER_8})


def ec_key(crv: str, x: str, y: str) -> ECKey:
    """Import an EC key. Raises the refusal ``jwk``."""
    if crv not in _CURVES:
        raise _refused("is on a curve this server does not take", ", ".join(_CURVES), shown(crv))
    curve, size = _CURVES[crv]
    point = _coordinate("x", x, size) + _coordinate("y", y, size)
    try:
        # Not by its numbers: the library then takes x + p for x, a second spelling of the key.
        native = EllipticCurvePublicKey.from_encoded_point(curve, b"\x04" + point)
    except ValueError:
        raise _refused(f"has coordinates that are no point of {crv}", f"a point of {crv}") from None
    return ECKey(native, {"crv": crv, "x": x, "y": y})


def okp_key(crv: str, x: str) -> OKPKey:
    """Import an Ed25519 key. Raises the refusal ``jwk``."""
    if crv != "Ed25519":
        raise _refused("is on a curve this server does not take", "Ed25519", shown(crv))
    octets = _coordinate("x", x, ED25519_OCTETS)
    y = int.from_bytes(octets, "little") & (2**255 - 1)
    # RFC 8032 §5.1.3: If the resulting value is >= p, decoding fails. [...] no square root exists
    # for modulo p, and decoding fails. (Euler's criterion tells whether one exists.)
    square = (y * y - 1) * (_D * y * y + 1) % _P
    if y >= _P or pow(square, (_P - 1) // 2, _P) > 1:
        raise _refused("has an x that is no point of Ed25519", "a point of Ed25519")
    # Everyone can sign for a point of small order, and two spellings of it decode alike.
    if y in _SMALL_ORDER:
        raise _refused("is a point of small order, for which anyone can sign", "a generated key")
    return OKPKey(Ed25519PublicKey.from_public_bytes(octets), {"crv": "Ed25519", "x": x})


def rsa_key(e: str, n: str) -> RSAKey:
    """Import an RSA key. Raises the refusal ``jwk``."""
    exponent, modulus = _number("e", e), _number("n", n)
    # RFC 7518 §3.3, §3.5: A key of size 2048 bits or larger MUST be used with these algorithms.
    if modulus.bit_length() not in RSA_BITS:
        bits = f"{modulus.bit_length()} bits"
        raise _refused(f"has {bits}, which is too few or too many", "2048 to 4096 bits", bits)
    if modulus % 2 == 0:
        raise _refused("has an even modulus n", "an odd n", "an even n")
    if exponent not in RSA_EXPONENTS:
        wanted = "an odd e from 65537 to 4294967295"
        raise _refused("has an unsafe exponent e; use 65537", wanted, shown(hex(exponent)))
    return RSAKey(RSAPublicNumbers(exponent, modulus).public_key(), {"e": e, "n": n})


def _coordinate(member: str, encoded: str, size: int) -> bytes:
    octets = _octets(member, encoded)
    # RFC 7518 §6.2.1.2: The length of this octet string MUST be the full size of a coordinate for
    # the curve specified in the "crv" parameter.
    if len(octets) != size:
        wanted, came = f"{size} octets", f"{len(octets)} octets"
        raise _refused(f"has an '{member}' of {came}, expected {wanted}", wanted, came)
    return octets


def _number(member: str, encoded: str) -> int:
    octets = _octets(member, encoded)
    # RFC 7518 §2, Base64urlUInt: The octet sequence MUST utilize the minimum number of octets
    # needed to represent the value.
    if not octets or octets[0] == 0:
        wanted = "no leading zero octet"
        raise _refused(f"has an '{member}' that is empty or starts with a zero octet", wanted)
    return int.from_bytes(octets, "big")


def _octets(member: str, encoded: str) -> bytes:
    try:
        return urlsafe_b64decode(encoded.encode("ascii"))
    except ValueError:
        wanted = "base64url without padding"
        raise _refused(f"has an '{member}' that is not {wanted}", wanted) from None


def _refused(fault: str, expected: str, received: str | None = None) -> ProofRefused:
    return ProofRefused(Check.JWK, f"the proof's jwk {fault}", expected=expected, received=received)
