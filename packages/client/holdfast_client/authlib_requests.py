"""DPoP for Authlib's client on top of requests. Needs both."""

from .client.authlib_requests import (
    OAuth2Session,
    OAuthError,
    UnsupportedTokenTypeError,
    use_dpop,
)

__all__ = ["OAuth2Session", "OAuthError", "UnsupportedTokenTypeError", "use_dpop"]
