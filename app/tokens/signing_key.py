"""One signing key in memory."""

import json
from collections.abc import Mapping
from typing import Any, Self

from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from ..credentials import b64url

# RFC 9068 §2.1: RS256 MUST be among the supported signature algorithms. ES256 is the default.
ALGORITHMS = ("ES256", "RS256")
_RSA_BITS = 3072

# RFC 9068 §2.1: JWT access tokens MUST include "at+jwt" in the typ header parameter.
ACCESS_TOKEN = "at+jwt"


class SigningKey:
    """A private key and the headers of the JWTs it signs, each encoded once."""

    def __init__(self, kid: str, alg: str, key: ECKey | RSAKey) -> None:
        self.kid = kid
        self.alg = alg
        self._key = key
        self._algorithm = JWSRegistry.algorithms[alg]
        self._headers: dict[str, bytes] = {}

    @classmethod
    def generate(cls, alg: str) -> Self:
        """Make a new key; its kid is its thumbprint (RFC 7638)."""
        if alg not in ALGORITHMS:
            raise ValueError(f"alg is {alg!r}, expected one of {', '.join(ALGORITHMS)}")
        key: ECKey | RSAKey
        key = ECKey.generate_key("P-256") if alg == "ES256" else RSAKey.generate_key(_RSA_BITS)
        return cls(key.thumbprint(), alg, key)

    @classmethod
    def load(cls, kid: str, alg: str, private_jwk: dict[str, Any]) -> Self:
        """Import a private JWK that ``private_jwk`` gave."""
        key_class = ECKey if alg == "ES256" else RSAKey
        return cls(kid, alg, key_class.import_key(private_jwk))

    @property
    def private_jwk(self) -> dict[str, Any]:
        jwk: dict[str, Any] = self._key.as_dict(private=True)
        return jwk

    @property
    def public_jwk(self) -> dict[str, Any]:
        """The public JWK as it is published (RFC 7517 §4)."""
        jwk: dict[str, Any] = self._key.as_dict(private=False)
        return jwk | {"kid": self.kid, "alg": self.alg, "use": "sig"}

    def sign(self, claims: Mapping[str, Any], *, typ: str = ACCESS_TOKEN) -> str:
        """Sign the claims as a compact JWT of a type."""
        signing_input = self._header(typ) + b64url(_compact_json(claims)).encode()
        signature = self._algorithm.sign(signing_input, self._key)
        return f"{signing_input.decode()}.{b64url(signature)}"

    def _header(self, typ: str) -> bytes:
        if typ not in self._headers:
            header = {"typ": typ, "alg": self.alg, "kid": self.kid}
            self._headers[typ] = b64url(_compact_json(header)).encode() + b"."
        return self._headers[typ]


def _compact_json(members: Mapping[str, Any]) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode()
