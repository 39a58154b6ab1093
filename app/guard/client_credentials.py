"""How an API authenticates to the authorization server (RFC 6749 §2.3.1, RFC 7523 §2.2)."""

import base64
import json
import secrets
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote_plus

from joserfc import jws
from joserfc.jwk import JWKRegistry

from ..clock import Clock, SystemClock

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFETIME = 60

_CLOCK = SystemClock()


class ClientCredentials(Protocol):
    """Authenticates one client."""

    @property
    def client_id(self) -> str: ...

    def headers(self) -> dict[str, str]:
        """Return the header fields to send."""
        ...

    def fields(self) -> dict[str, str]:
        """Return the form fields to send; new ones for each request."""
        ...


class ClientSecret:
    """client_secret_basic."""

    def __init__(self, client_id: str, secret: str) -> None:
        self.client_id = client_id
        self._secret = secret

    def headers(self) -> dict[str, str]:
        # RFC 6749 §2.3.1: encoded using the "application/x-www-form-urlencoded" algorithm
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self._secret)}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    def fields(self) -> dict[str, str]:
        return {}


class PrivateKeyJwt:
    """private_key_jwt. ``audience``: the issuer. ``private_jwk``: with ``alg``, else ES256.

    Not the key of a DPoP proof: one key has one purpose.
    """

    def __init__(
        self,
        client_id: str,
        private_jwk: Mapping[str, Any],
        *,
        audience: str,
        clock: Clock = _CLOCK,
    ) -> None:
        self.client_id = client_id
        self._key = JWKRegistry.import_key(dict(private_jwk))
        self._alg = str(private_jwk.get("alg", "ES256"))
        self._audience = audience
        self._clock = clock

    def headers(self) -> dict[str, str]:
        return {}

    def fields(self) -> dict[str, str]:
        header = {"alg": self._alg, "typ": "JWT", "kid": self._key.kid}
        now = int(self._clock.now())
        # RFC 7523 §3: iss and sub are the client_id, aud names the authorization server.
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self._audience,
            "iat": now,
            "exp": now + ASSERTION_LIFETIME,
            "jti": secrets.token_urlsafe(16),
        }
        given = {name: value for name, value in header.items() if value is not None}
        assertion = jws.serialize_compact(given, json.dumps(claims), self._key, [self._alg])
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
