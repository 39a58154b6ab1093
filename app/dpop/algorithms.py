"""The signature algorithms of a proof, and the one kind of key each of them takes."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from joserfc.jwa import JWSAlgModel
from joserfc.jws import JWSRegistry

from .errors import Check, ProofRefused, shown
from .jws import JsonObject


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A signature algorithm. ``crv`` is None for RSA. ``model`` does the cryptography.

    ``names`` are the values of a JWK's own ``alg`` that mean this algorithm.
    """

    name: str
    kty: str
    crv: str | None
    names: tuple[str, ...]
    model: JWSAlgModel

    @property
    def key_wanted(self) -> str:
        return f"kty {self.kty}" + (f", crv {self.crv}" if self.crv else "")


def _algorithm(name: str, kty: str, crv: str | None, *synonyms: str) -> Algorithm:
    return Algorithm(name, kty, crv, (name, *synonyms), JWSRegistry.algorithms[name])


ALGORITHMS = {
    algorithm.name: algorithm
    for algorithm in (
        _algorithm("ES256", "EC", "P-256"),
        _algorithm("ES384", "EC", "P-384"),
        _algorithm("ES512", "EC", "P-521"),
        # RFC 9864 §2.2: "EdDSA" leaves the curve open, so Ed448 could slip in; here it may not.
        _algorithm("EdDSA", "OKP", "Ed25519", "Ed25519"),
        _algorithm("Ed25519", "OKP", "Ed25519", "EdDSA"),
        _algorithm("PS256", "RSA", None),
        _algorithm("PS384", "RSA", None),
        _algorithm("PS512", "RSA", None),
        _algorithm("RS256", "RSA", None),
    )
}
"""Every algorithm this code can verify: all asymmetric, no HMAC, never ``none``."""


def check_alg(header: JsonObject, algs: AbstractSet[str]) -> Algorithm:
    """Return the algorithm of the proof, one of ``algs``. Raises the refusal ``alg``."""
    # RFC 7515 §4.1.11: If any of the listed extension Header Parameters are not understood and
    # supported by the recipient, then the JWS is invalid.
    if "crit" in header:
        raise ProofRefused(
            Check.ALG,
            "the proof's header has 'crit', and this server knows no critical extension",
            expected="no crit",
            received="crit",
        )
    alg = header.get("alg")
    algorithm = ALGORITHMS.get(alg) if isinstance(alg, str) else None
    # RFC 9449 §4.3, check 5: The alg JOSE Header Parameter indicates a registered asymmetric
    # digital signature algorithm [IANA.JOSE.ALGS], is not none, is supported by the application,
    # and is acceptable per local policy.
    if algorithm is None or algorithm.name not in algs:
        taken = ", ".join(sorted(ALGORITHMS.keys() & algs))
        raise ProofRefused(
            Check.ALG,
            f"the proof's alg is not one this server takes: {taken}",
            expected=taken,
            received=shown(alg) if "alg" in header else "no alg",
        )
    return algorithm
