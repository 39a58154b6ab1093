"""What makes a key's signatures: this process, or whatever else holds the private half."""

from collections.abc import Mapping
from typing import Any, Protocol

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

AnyKey = ECKey | OKPKey | RSAKey

# alg → kty and crv. The first alg that fits a key is the one it gets by default.
KEY_OF: dict[str, tuple[str, str | None]] = {
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
    "PS256": ("RSA", None),
    "PS384": ("RSA", None),
    "PS512": ("RSA", None),
    "RS256": ("RSA", None),
}

# RFC 7638 §3.2 and RFC 8037 §2: the members that make up the public key, and nothing else.
_PUBLIC_MEMBERS = {
    "EC": ("crv", "kty", "x", "y"),
    "OKP": ("crv", "kty", "x"),
    "RSA": ("e", "kty", "n"),
}


class Signer(Protocol):
    """A private key wherever it is: in memory, in a security module, behind a service."""

    @property
    def alg(self) -> str:
        """The JWS algorithm, like "ES256" (RFC 7518 §3.1, RFC 9864)."""
        ...

    @property
    def public_jwk(self) -> Mapping[str, Any]:
        """The public half (RFC 7517)."""
        ...

    def sign(self, signing_input: bytes) -> bytes:
        """Return the JWS signature; of ES256 and its like R and S joined (RFC 7518 §3.4)."""
        ...


class LocalSigner:
    """A private key in this process."""

    def __init__(self, key: AnyKey, alg: str) -> None:
        self.alg = alg
        self.key = key
        self.public_jwk: Mapping[str, Any] = key.as_dict(private=False)
        self._algorithm = JWSRegistry.algorithms[alg]

    def sign(self, signing_input: bytes) -> bytes:
        return self._algorithm.sign(signing_input, self.key)


def checked_public(public_jwk: Mapping[str, Any], alg: str) -> tuple[dict[str, str], str]:
    """Return the required members of a public JWK, and its thumbprint (RFC 7638).

    Raises ValueError unless it is a public key that ``alg`` verifies with.
    """
    try:
        key = JWKRegistry.import_key(dict(public_jwk))
    except (JoseError, ValueError, TypeError, KeyError):
        raise ValueError("the signer's public_jwk is not a well-formed key") from None
    # RFC 9449 §4.2: the jwk header MUST NOT contain a private key.
    if not isinstance(key, AnyKey) or key.is_private:
        raise ValueError("the signer's public_jwk is not the public half of an asymmetric key")
    check_alg(key, alg)
    members = _PUBLIC_MEMBERS[key.key_type]
    return {name: public_jwk[name] for name in members}, key.thumbprint()


def check_alg(key: AnyKey, alg: str | None) -> str:
    """Return the algorithm, by default the usual one for the key. Raises ValueError."""
    kind = (key.key_type, None if isinstance(key, RSAKey) else key.curve_name)
    fitting = [name for name, wanted in KEY_OF.items() if wanted == kind]
    alg = alg or (fitting[0] if fitting else None)
    if alg not in fitting or alg is None:
        raise ValueError(f"a {' '.join(filter(None, kind))} key cannot sign {alg} proofs")
    return alg
