"""JWT access tokens (RFC 9068), bound to a key (RFC 9449 §6)."""

import secrets

from ..clock import Clock
from ..oauth.ports import AccessTokenClaims, IssuedToken
from .keyring import Keyring


class SignedAccessTokens:
    """Issues access tokens. Implements ``oauth.ports.AccessTokens``.

    No token outlives the publication of its key: a longer lifetime is cut to the keyring's
    ``longest_token_lifetime``, and ``expires_in`` says so.
    """

    def __init__(self, keyring: Keyring, clock: Clock, issuer: str) -> None:
        self._keyring = keyring
        self._clock = clock
        self._issuer = issuer

    def issue(self, claims: AccessTokenClaims) -> IssuedToken:
        """Sign. Raises TemporarilyUnavailable when there is no active key."""
        key = self._keyring.active()
        jti = secrets.token_urlsafe(16)
        now = int(self._clock.now())
        longest = min(claims.lifetime, self._keyring.longest_token_lifetime)
        lifetime = int(min(longest, claims.expires_by - now))
        payload = self._payload(claims, jti, now, lifetime)
        return IssuedToken(key.sign(payload), jti, lifetime)

    def _payload(
        self, claims: AccessTokenClaims, jti: str, now: int, lifetime: int
    ) -> dict[str, object]:
        audience = claims.audience
        # RFC 9068 §2.2: iss, exp, aud, sub, client_id, iat and jti are REQUIRED.
        payload: dict[str, object] = {
            "iss": self._issuer,
            "sub": claims.subject,
            "aud": audience[0] if len(audience) == 1 else audience,
            "exp": now + lifetime,
            "iat": now,
            "jti": jti,
            "client_id": claims.client_id,
        }
        # RFC 9068 §2.2.3: if the request has a scope, the token SHOULD include it.
        if claims.scopes:
            payload["scope"] = " ".join(sorted(claims.scopes))
        # RFC 9396 §9.1: the AS is RECOMMENDED to add the authorization_details object, filtered to
        # the specific audience, as a top-level claim.
        if claims.authorization_details:
            payload["authorization_details"] = claims.authorization_details
        # RFC 9470 §6.1: the auth_time and acr claims are used to convey the time and context of the
        # user authentication event.
        if claims.auth_time is not None:
            payload["auth_time"] = int(claims.auth_time)
        if claims.acr is not None:
            payload["acr"] = claims.acr
        # RFC 9449 §6.1: the hash of the public key, as the jkt member of the cnf claim.
        if claims.jkt is not None:
            payload["cnf"] = {"jkt": claims.jkt}
        if claims.family_id is not None:
            payload["family_id"] = claims.family_id
        return {**claims.further, **payload}
