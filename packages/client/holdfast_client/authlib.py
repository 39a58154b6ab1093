"""DPoP for Authlib's httpx clients. Needs Authlib."""

from .client.authlib_hook import (
    AsyncOAuth2Client,
    OAuth2Client,
    OAuthError,
    UnsupportedTokenTypeError,
    use_dpop,
)

__all__ = [
    "AsyncOAuth2Client",
    "OAuth2Client",
    "OAuthError",
    "UnsupportedTokenTypeError",
    "use_dpop",
]
