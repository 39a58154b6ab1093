"""Verifying a DPoP proof (RFC 9449 §4.3): pure, ends in facts, decides no policy.

What needs a clock, a store or the client is left to admission.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from .algorithms import Algorithm, check_alg
from .claims import read_claims
from .errors import Check, ProofRefused, shown
from .jws import JsonObject, Jws, parse
from .keys import PublicKey, check_jwk
from .uri import check_htu

TYP = "dpop+jwt"


@dataclass(frozen=True, slots=True)
class VerifiedProof:
    """What a proof says, its signature and form being right.

    ``jkt`` is the thumbprint of the key that signed it (RFC 7638, SHA-256); ``htu`` is normalised;
    ``iat`` is POSIX seconds, whole or not, and not yet compared with any clock.
    """

    jkt: str
    alg: str
    jti: str
    htm: str
    htu: str
    iat: float
    nonce: str | None
    ath: str | None


def verify(
    values: Sequence[str], *, method: str, uri: str, algs: AbstractSet[str]
) -> VerifiedProof | None:
    """Verify the proof in the values of a request's DPoP header fields; None if there is none.

    ``uri`` is the request's target as its client knows it; ``algs`` are the algorithms taken.
    Raises ProofRefused naming the first check that failed, from ``header.count`` to ``htu``.
    """
    if not values:
        return None
    jws = parse(check_count(values))
    check_typ(jws.header)
    algorithm = check_alg(jws.header, algs)
    key = check_jwk(jws.header, algorithm)
    check_signature(jws, algorithm, key)
    claims = read_claims(jws.payload)
    check_htm(claims.htm, method)
    return VerifiedProof(
        jkt=key.jkt,
        alg=algorithm.name,
        jti=claims.jti,
        htm=claims.htm,
        htu=check_htu(claims.htu, uri),
        iat=claims.iat,
        nonce=claims.nonce,
        ath=claims.ath,
    )


def check_present(values: Sequence[str]) -> None:
    """Raise the refusal ``header.present`` if a proof is required and there is none."""
    # RFC 9449 §5: the client MUST provide a valid DPoP proof JWT in a DPoP header when making an
    # access token request
    if not values:
        raise proof_missing()


def proof_missing() -> ProofRefused:
    """Return the refusal of a request without a proof where one is required."""
    return ProofRefused(
        Check.HEADER_PRESENT,
        "the request has no DPoP header field with a proof, and its tokens need one",
        expected="one DPoP header field",
        received="none",
    )


def check_count(values: Sequence[str]) -> str:
    """Return the only value of the header field. Raises the refusal ``header.count``."""
    # RFC 9449 §4.3, check 1: There is not more than one DPoP HTTP request header field.
    if len(values) > 1:
        raise ProofRefused(
            Check.HEADER_COUNT,
            f"the request has {len(values)} DPoP header fields; send one",
            expected="1",
            received=str(len(values)),
        )
    # RFC 9110 §5.3: field lines of one name may have been combined into one, joined by commas.
    if "," in values[0]:
        raise ProofRefused(
            Check.HEADER_COUNT,
            "the DPoP header field holds several values joined by commas; send one proof",
            expected="1",
            received=str(values[0].count(",") + 1),
        )
    # RFC 9110 §5.5: A field value does not include leading or trailing whitespace.
    return values[0].strip(" \t")


def check_typ(header: JsonObject) -> None:
    """Raise the refusal ``typ`` unless the header says what kind of JWT this is."""
    # RFC 9449 §4.3, check 4: The typ JOSE Header Parameter has the value dpop+jwt.
    if header.get("typ") != TYP:
        received = shown(header["typ"]) if "typ" in header else "no typ"
        raise ProofRefused(
            Check.TYP,
            f"the proof's typ must be '{TYP}', received '{received}'",
            expected=TYP,
            received=received,
        )


def check_signature(jws: Jws, algorithm: Algorithm, key: PublicKey) -> None:
    """Raise the refusal ``signature`` unless the key made it."""
    # RFC 9449 §4.3, check 6: The JWT signature verifies with the public key contained in the jwk
    # JOSE Header Parameter.
    if not algorithm.model.verify(jws.signing_input, jws.signature, key.key):
        raise ProofRefused(
            Check.SIGNATURE,
            "the proof's signature does not verify with the key in its own jwk; "
            "sign with the private half of that very key",
            expected=f"a signature by the key {key.jkt}",
        )


def check_htm(htm: str, method: str) -> None:
    """Raise the refusal ``htm`` unless the proof is for this method."""
    # RFC 9449 §4.3, check 8: The htm claim matches the HTTP method of the current request.
    # RFC 9110 §9.1: The method token is case-sensitive.
    if htm != method:
        raise ProofRefused(
            Check.HTM,
            f"htm is '{shown(htm)}', expected '{shown(method)}'",
            expected=shown(method),
            received=shown(htm),
        )
