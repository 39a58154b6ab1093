"""Verifying the access tokens that this server signed (RFC 9068 §4)."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from joserfc.jwk import ECKey, RSAKey

from ..clock import Clock
from ..oauth import signed_jwt
from ..oauth.access_token import AccessToken
from ..oauth.client_keys import ClientKey
from .keyring import Keyring

_TYPES = frozenset({"at+jwt", "application/at+jwt"})
_NAME = "the token"


class AccessTokenVerifier:
    """Verifies with the published keys, retired ones included.

    Implements ``oauth.ports.AccessTokenVerifier``.
    """

    def __init__(self, keyring: Keyring, clock: Clock, issuer: str) -> None:
        self._keyring = keyring
        self._clock = clock
        self._issuer = issuer

    def verify(self, value: str) -> AccessToken | None:
        """Return the token, or None for whatever is not a living access token of ours."""
        try:
            claims = self._signed_claims(value)
        except ValueError:
            return None
        # RFC 9068 §4: The issuer identifier [...] MUST exactly match the value of the "iss" claim.
        if claims is None or claims.get("iss") != self._issuer:
            return None
        # RFC 9068 §4: The current time MUST be before the time represented by the "exp" claim.
        return AccessToken(claims) if self._clock.now() < claims["exp"] else None

    def _signed_claims(self, value: str) -> Mapping[str, Any] | None:
        jwt = signed_jwt.parse(value, _NAME)
        typ, kid = jwt.header.get("typ"), jwt.header.get("kid")
        # RFC 9068 §4: The resource server MUST verify that the "typ" header value is "at+jwt" or
        # "application/at+jwt" and reject tokens carrying any other value.
        if not isinstance(typ, str) or typ.lower() not in _TYPES:
            return None
        jwk = self._keyring.published(kid) if isinstance(kid, str) else None
        if jwk is None:
            return None
        signed_jwt.check_header(jwt.header, (jwk["alg"],), _NAME)
        # RFC 9068 §4: MUST validate the signature of all incoming JWT access tokens [...] using
        # the algorithm specified in the JWT alg Header Parameter.
        is_ours = signed_jwt.is_signed_by(jwt, [_imported(json.dumps(jwk))])
        return jwt.claims if is_ours else None


@lru_cache(maxsize=64)
def _imported(public_jwk: str) -> ClientKey:
    jwk = json.loads(public_jwk)
    key_class = ECKey if jwk["kty"] == "EC" else RSAKey
    key = key_class.import_key(jwk)
    return ClientKey(key, jwk["kid"], key.thumbprint())
