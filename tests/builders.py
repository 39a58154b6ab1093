"""Valid objects for tests to break one thing in."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

NOW = 1_800_000_000.0
ISSUER = "http://127.0.0.1:8000"
TOKEN_ENDPOINT = ISSUER + "/token"


class FrozenClock:
    """A clock that moves only when told to."""

    def __init__(self, now: float = NOW) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += seconds


def b64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def s256(value: str) -> str:
    """SHA-256, base64url: an S256 code_challenge, or an ath."""
    return b64url(hashlib.sha256(value.encode()).digest())


def _generate(alg: str) -> ECKey | OKPKey | RSAKey:
    curves = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
    if alg in curves:
        return ECKey.generate_key(curves[alg], private=True)
    if alg in {"EdDSA", "Ed25519"}:
        return OKPKey.generate_key("Ed25519", private=True)
    return RSAKey.generate_key(2048, private=True)


@dataclass
class DpopKey:
    """A client's key, and the proofs it signs."""

    alg: str = "ES256"
    key: Any = None

    def __post_init__(self) -> None:
        self.key = self.key or _generate(self.alg)

    @property
    def public_jwk(self) -> dict[str, Any]:
        """The public JWK, members required by RFC 7638 only."""
        members = {
            "EC": ("crv", "kty", "x", "y"),
            "OKP": ("crv", "kty", "x"),
            "RSA": ("e", "kty", "n"),
        }
        jwk = self.key.as_dict(private=False)
        return {name: jwk[name] for name in members[jwk["kty"]]}

    @property
    def jkt(self) -> str:
        """RFC 7638, computed here and not by the code under test."""
        canonical = json.dumps(self.public_jwk, sort_keys=True, separators=(",", ":"))
        return s256(canonical)

    def proof(
        self,
        *,
        htm: str = "POST",
        htu: str = TOKEN_ENDPOINT,
        iat: float = NOW,
        header: dict[str, Any] | None = None,
        without_header: tuple[str, ...] = (),
        without: tuple[str, ...] = (),
        **claims: Any,
    ) -> str:
        """Sign a proof that is valid but for what the arguments break.

        ``claims`` replace or add claims, ``header`` header members; ``without`` and
        ``without_header`` leave some out.
        """
        protected: dict[str, Any] = {"typ": "dpop+jwt", "alg": self.alg, "jwk": self.public_jwk}
        protected |= header or {}
        payload: dict[str, Any] = {
            "jti": secrets.token_urlsafe(16),
            "htm": htm,
            "htu": htu,
            "iat": int(iat),
        }
        payload |= claims
        return self.sign(
            {k: v for k, v in protected.items() if k not in without_header},
            {k: v for k, v in payload.items() if k not in without},
        )

    def sign(self, header: dict[str, Any], payload: dict[str, Any] | bytes) -> str:
        """Sign any header and payload with this key, whatever the header says."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return self.sign_raw(json.dumps(header).encode(), body)

    def sign_raw(self, header: bytes, payload: bytes) -> str:
        """Sign these very bytes as header and payload."""
        signing_input = f"{b64url(header)}.{b64url(payload)}"
        algorithm = jws.JWSRegistry.algorithms[self.alg]
        signature = algorithm.sign(signing_input.encode(), self.key)
        return f"{signing_input}.{b64url(signature)}"
