"""The key a client proves possession of."""

import json
from collections.abc import Mapping
from typing import Any, Self, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from ..credentials import b64url
from .signers import KEY_OF, AnyKey, LocalSigner, Signer, check_alg, checked_public

RSA_BITS = 2048


class DpopKey:
    """A key pair and the JWS algorithm it signs proofs with.

    Make one with ``generate``, ``from_jwk`` or ``from_pem``, or around a Signer of your own, whose
    private half never comes here. Its ``repr`` shows the thumbprint only.
    """

    def __init__(self, signer: Signer) -> None:
        """Raise ValueError unless the signer's public key fits its algorithm."""
        self.alg = signer.alg
        self._signer = signer
        #: The public JWK: the members of RFC 7638 only. And the key's ``jkt``.
        self.public_jwk, self.thumbprint = checked_public(signer.public_jwk, signer.alg)
        # RFC 9449 §4.2: typ "dpop+jwt", alg, and jwk "representing the public key".
        self._header = _segment({"typ": "dpop+jwt", "alg": self.alg, "jwk": self.public_jwk})

    @classmethod
    def generate(cls, alg: str = "ES256") -> Self:
        """Make a new key. Raises ValueError for an algorithm that cannot sign proofs."""
        if alg not in KEY_OF:
            raise ValueError(f"alg is {alg!r}, expected one of {', '.join(KEY_OF)}")
        kty, crv = KEY_OF[alg]
        if kty == "EC":
            return cls(LocalSigner(ECKey.generate_key(crv), alg))
        if kty == "OKP":
            return cls(LocalSigner(OKPKey.generate_key("Ed25519"), alg))
        return cls(LocalSigner(RSAKey.generate_key(RSA_BITS), alg))

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any], alg: str | None = None) -> Self:
        """Import a private JWK. Raises ValueError if it is none, or does not fit ``alg``.

        ``alg`` defaults to the JWK's own ``alg``, else to the usual one for its kind of key.
        """
        try:
            key = JWKRegistry.import_key(dict(jwk))
        except (JoseError, ValueError, TypeError, KeyError):
            raise ValueError("the JWK is not a well-formed key") from None
        if not isinstance(key, AnyKey) or not key.is_private:
            raise ValueError("the JWK is not the private half of an asymmetric key")
        public = key.binding.convert_raw_key_to_dict(key.public_key, private=False)
        if any(jwk.get(name) != value for name, value in public.items()):
            raise ValueError("the JWK's public half is not that of its private half")
        return cls(LocalSigner(key, check_alg(key, alg or key.alg)))

    @classmethod
    def from_pem(cls, pem: bytes, alg: str | None = None, *, password: str | None = None) -> Self:
        """Import a private key in PEM. Raises ValueError, also for a wrong password."""
        try:
            raw = load_pem_private_key(pem, None if password is None else password.encode())
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ValueError("not a private key in PEM, or the password is wrong") from None
        for kind in (ECKey, OKPKey, RSAKey):
            if kind.binding.check_cryptography_key(raw):
                key = kind.import_key(cast("Any", raw))
                return cls(LocalSigner(key, check_alg(key, alg)))
        raise ValueError("the PEM holds a kind of key that cannot sign proofs")

    def to_jwk(self) -> dict[str, Any]:
        """Return the private JWK, ``alg`` included. Whoever has it has the key.

        Raises TypeError where the private half is not in this process.
        """
        return {**self._local().as_dict(private=True), "alg": self.alg}

    def to_pem(self, *, password: str | None = None) -> bytes:
        """Return the private key in PEM (PKCS #8), encrypted if there is a password.

        Raises TypeError where the private half is not in this process.
        """
        return self._local().as_pem(private=True, password=password)

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Sign the claims as a compact JWS with the header of a DPoP proof."""
        signing_input = f"{self._header}.{_segment(claims)}"
        signature = self._signer.sign(signing_input.encode())
        return f"{signing_input}.{b64url(signature)}"

    def _local(self) -> AnyKey:
        if not isinstance(self._signer, LocalSigner):
            raise TypeError("the private half of this key is with its signer, not here")
        return self._signer.key

    def __repr__(self) -> str:
        return f"<DpopKey {self.alg} {self.thumbprint}>"


def _segment(members: Mapping[str, Any]) -> str:
    return b64url(json.dumps(members, separators=(",", ":")).encode())
