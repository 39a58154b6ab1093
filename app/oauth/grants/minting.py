"""Tokens, made the same way by every grant."""

import secrets
from collections.abc import Mapping

from ...credentials import b64url, digest
from ..access_token import AccessToken
from ..lifetimes import Lifetimes
from ..ports import AccessTokenClaims, AccessTokens, IssuedToken
from ..resource import Target
from ..token_family import RefreshToken, TokenFamily
from .grant import GrantRequest


class Mint:
    """Signs access tokens bound to the request's key."""

    def __init__(self, access_tokens: AccessTokens, lifetimes: Lifetimes) -> None:
        self._access_tokens = access_tokens
        self.lifetimes = lifetimes

    def for_client(self, request: GrantRequest, target: Target) -> IssuedToken:
        """Sign a token of the client's own. Raises TemporarilyUnavailable."""
        # RFC 9068 §2.2: In cases of access tokens obtained through grants where no resource owner
        # is involved, the value of "sub" SHOULD correspond to an identifier of the client.
        client_id = request.client.client_id
        return self._access_tokens.issue(
            AccessTokenClaims(
                subject=client_id,
                client_id=client_id,
                audience=target.audience,
                scopes=target.scopes,
                authorization_details=target.authorization_details,
                jkt=request.binding.jkt,
                lifetime=self.lifetime(request, target),
            )
        )

    def for_family(self, request: GrantRequest, target: Target, family: TokenFamily) -> IssuedToken:
        """Sign a token of the family, which it does not outlive. Raises TemporarilyUnavailable."""
        left = max(1, int(family.expires_at - request.now))
        return self._access_tokens.issue(
            AccessTokenClaims(
                subject=family.user_id,
                client_id=family.client_id,
                audience=target.audience,
                scopes=target.scopes,
                authorization_details=target.authorization_details,
                jkt=request.binding.jkt,
                lifetime=min(left, self.lifetime(request, target)),
                family_id=family.family_id,
                auth_time=family.auth_time,
                acr=family.acr,
            )
        )

    def for_exchange(
        self,
        request: GrantRequest,
        target: Target,
        subject: AccessToken,
        *,
        expires_by: float,
        further: Mapping[str, object],
    ) -> IssuedToken:
        """Sign a token for the subject of another, of its family and ending with it at the latest.

        ``further`` holds claims as they are. Raises TemporarilyUnavailable.
        """
        return self._access_tokens.issue(
            AccessTokenClaims(
                subject=subject.subject,
                client_id=request.client.client_id,
                audience=target.audience,
                scopes=target.scopes,
                authorization_details=target.authorization_details,
                jkt=request.binding.jkt,
                lifetime=self.lifetime(request, target),
                family_id=subject.family_id,
                auth_time=subject.claims.get("auth_time"),
                acr=subject.claims.get("acr"),
                expires_by=expires_by,
                further=further,
            )
        )

    def lifetime(self, request: GrantRequest, target: Target) -> int:
        """Decide the seconds that an access token for the target lives."""
        lifetime = target.lifetime or self.lifetimes.access_token
        if request.binding.jkt is None:
            return min(lifetime, self.lifetimes.bearer_token)
        return lifetime


def at_rest(value: str, family: TokenFamily, now: float) -> RefreshToken:
    """Turn a refresh token's value into what is stored of it. It ends with its family."""
    return RefreshToken(
        token_hash=digest(value),
        family_id=family.family_id,
        salt=b64url(secrets.token_bytes(16)),
        created_at=now,
        expires_at=family.expires_at,
    )
