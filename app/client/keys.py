"""The key a client proves possession of."""

import json
from collections.abc import Mapping
from typing import Any, Self

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from ..credentials import b64url

RSA_BITS = 2048

# alg → kty and crv. The first alg that fits a key is the one it gets by default.
_KEY_OF: dict[str, tuple[str, str | None]] = {
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


class DpopKey:
    """A private key and the JWS algorithm it signs proofs with.

    Make one with ``generate`` or ``from_jwk``. Its ``repr`` shows the thumbprint only.
    """

    def __init__(self, key: ECKey | OKPKey | RSAKey, alg: str) -> None:
        self.alg = alg
        self._key = key
        self._algorithm = JWSRegistry.algorithms[alg]
        jwk: dict[str, Any] = key.as_dict(private=False)
        #: The public JWK: the members of RFC 7638 only.
        self.public_jwk = {name: jwk[name] for name in _PUBLIC_MEMBERS[key.key_type]}
        #: The key's ``jkt``: RFC 7638, SHA-256, base64url.
        self.thumbprint = key.thumbprint()
        # RFC 9449 §4.2: typ "dpop+jwt", alg, and jwk "representing the public key".
        self._header = _segment({"typ": "dpop+jwt", "alg": alg, "jwk": self.public_jwk})

    @classmethod
    def generate(cls, alg: str = "ES256") -> Self:
        """Make a new key. Raises ValueError for an algorithm that cannot sign proofs."""
        kty, crv = _key_type(alg)
        if kty == "EC":
            return cls(ECKey.generate_key(crv), alg)
        if kty == "OKP":
            return cls(OKPKey.generate_key("Ed25519"), alg)
        return cls(RSAKey.generate_key(RSA_BITS), alg)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any], alg: str | None = None) -> Self:
        """Import a private JWK. Raises ValueError if it is none, or does not fit ``alg``.

        ``alg`` defaults to the JWK's own ``alg``, else to the usual one for its kind of key.
        """
        try:
            key = JWKRegistry.import_key(dict(jwk))
        except (JoseError, ValueError, TypeError, KeyError):
            raise ValueError("the JWK is not a well-formed key") from None
        if not isinstance(key, ECKey | OKPKey | RSAKey) or not key.is_private:
            raise ValueError("the JWK is not the private half of an asymmetric key")
        public = key.binding.convert_raw_key_to_dict(key.public_key, private=False)
        if any(jwk.get(name) != value for name, value in public.items()):
            raise ValueError("the JWK's public half is not that of its private half")
        kind = (key.key_type, None if isinstance(key, RSAKey) else key.curve_name)
        fitting = [name for name, wanted in _KEY_OF.items() if wanted == kind]
        alg = alg or key.alg or (fitting[0] if fitting else None)
        if alg not in fitting:
            raise ValueError(f"a {' '.join(filter(None, kind))} key cannot sign {alg} proofs")
        return cls(key, alg)

    def to_jwk(self) -> dict[str, Any]:
        """Return the private JWK, ``alg`` included. Whoever has it has the key."""
        return {**self._key.as_dict(private=True), "alg": self.alg}

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Sign the claims as a compact JWS with the header of a DPoP proof."""
        signing_input = f"{self._header}.{_segment(claims)}"
        signature = self._algorithm.sign(signing_input.encode(), self._key)
        return f"{signing_input}.{b64url(signature)}"

    def __repr__(self) -> str:
        return f"<DpopKey {self.alg} {self.thumbprint}>"


def _key_type(alg: str) -> tuple[str, str | None]:
    if alg not in _KEY_OF:
        raise ValueError(f"alg is {alg!r}, expected one of {', '.join(_KEY_OF)}")
    return _KEY_OF[alg]


def _segment(members: Mapping[str, Any]) -> str:
    return b64url(json.dumps(members, separators=(",", ":")).encode())
