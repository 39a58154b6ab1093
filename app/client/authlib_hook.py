"""DPoP for Authlib's OAuth2Client and AsyncOAuth2Client.

Import these two from here, and Authlib's warning that it would rather have httpx2 stays away.
"""

import warnings
from functools import partial
from typing import Any, TypeVar

import httpx
from authlib import deprecate  # type: ignore[import-untyped]  # Authlib ships no types

from ..clock import Clock
from .challenges import json_member
from .flow import DpopFlow, Prover
from .keys import DpopKey
from .nonces import Nonces

with warnings.catch_warnings():
    # Authlib prefers the fork httpx2; its classes below follow whichever of the two it took.
    warnings.simplefilter("ignore", deprecate.AuthlibDeprecationWarning)
    from authlib.integrations.base_client import (  # type: ignore[import-untyped]  # no types
        OAuthError,
        UnsupportedTokenTypeError,
    )
    from authlib.integrations.httpx_client import (  # type: ignore[import-untyped]  # no types
        AsyncOAuth2Client,
        OAuth2Auth,
        OAuth2Client,
        OAuth2ClientAuth,
    )

__all__ = [
    "AsyncOAuth2Client",
    "OAuth2Client",
    "OAuthError",
    "UnsupportedTokenTypeError",
    "use_dpop",
]

AnyClient = TypeVar("AnyClient")


def use_dpop(
    client: AnyClient, key: DpopKey, *, nonces: Nonces | None = None, clock: Clock | None = None
) -> AnyClient:
    """Give an Authlib httpx client DPoP wherever it authenticates or sends its token.

    Call it before the client's first request. It covers fetching, refreshing, revoking and
    introspecting tokens with the client's own authentication method, also one registered with
    ``register_client_auth_method``; an ``auth=`` argument to those calls replaces it all. An answer
    with another token type than DPoP is discarded with UnsupportedTokenTypeError.
    """
    prover = Prover(key, nonces=nonces, clock=clock)
    authlib: Any = client
    authlib.client_auth_class = partial(_ClientAuth, prover)
    authlib.token_auth = _TokenAuth(prover, authlib.token_auth)
    authlib.register_compliance_hook("access_token_response", _bound)
    authlib.register_compliance_hook("refresh_token_response", _bound)
    return client


class _ClientAuth(DpopFlow, OAuth2ClientAuth):  # type: ignore[misc]  # no types
    def __init__(self, prover: Prover, **arguments: object) -> None:
        super().__init__(**arguments)
        self.prover = prover

    def authorize(self, request: httpx.Request) -> tuple[httpx.Request, None]:
        return next(self.auth_flow(request)), None


class _TokenAuth(DpopFlow, OAuth2Auth):  # type: ignore[misc]  # Authlib ships no types
    def __init__(self, prover: Prover, replaced: Any) -> None:  # noqa: ANN401  # untyped Authlib
        super().__init__(replaced.token, client=replaced.client)
        self.hooks = replaced.hooks
        self.prover = prover

    def authorize(self, request: httpx.Request) -> tuple[httpx.Request, str]:
        return next(self.auth_flow(request)), self.token["access_token"]


def _add_dpop_token(
    token: str, uri: str, headers: httpx.Headers, body: bytes, _placement: str
) -> tuple[str, httpx.Headers, bytes]:
    # RFC 9449 §7.1: the Authorization header field, with an authentication scheme of DPoP.
    headers["Authorization"] = f"DPoP {token}"
    return uri, headers, body


_TokenAuth.SIGN_METHODS = {"dpop": _add_dpop_token}


def _bound(response: httpx.Response) -> httpx.Response:
    # RFC 9449 §5: if a client receives a different token_type than DPoP, the protection is not
    # given, and the client MUST discard the response if it deems that protection important.
    token_type = json_member(response.content, "token_type")
    if response.is_success and str(token_type).lower() != "dpop":
        raise UnsupportedTokenTypeError(description=f"token_type is {token_type}, expected DPoP")
    return response
