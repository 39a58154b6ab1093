"""DPoP for Authlib's OAuth2Session, the client on top of requests.

Import it from here. It needs ``requests`` beside Authlib.
"""

from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any, TypeVar

import requests
from authlib.integrations.base_client import (  # type: ignore[import-untyped]  # no types
    OAuthError,
    UnsupportedTokenTypeError,
)
from authlib.integrations.requests_client import (  # type: ignore[import-untyped]  # no types
    OAuth2Auth,
    OAuth2Session,
)
from authlib.integrations.requests_client.oauth2_session import (  # type: ignore[import-untyped]  # as above
    OAuth2ClientAuth,
)

from ..clock import Clock
from .challenges import json_member, wants_nonce
from .errors import BodyNotReplayable
from .flow import Prover
from .keys import DpopKey
from .nonces import Nonces

__all__ = ["OAuth2Session", "OAuthError", "UnsupportedTokenTypeError", "use_dpop"]

AnySession = TypeVar("AnySession", bound=OAuth2Session)


def use_dpop(
    session: AnySession, key: DpopKey, *, nonces: Nonces | None = None, clock: Clock | None = None
) -> AnySession:
    """Give an OAuth2Session DPoP wherever it authenticates or sends its token.

    The same as ``authlib_hook.use_dpop`` for Authlib's httpx clients. Where the answer is a
    redirect, and requests follows it, neither proof nor token goes along.
    """
    prover = Prover(key, nonces=nonces, clock=clock)
    session.client_auth_class = lambda **arguments: _ClientAuth(prover, **arguments)
    session.token_auth = _TokenAuth(prover, session.token_auth)
    session.register_compliance_hook("access_token_response", _bound)
    session.register_compliance_hook("refresh_token_response", _bound)
    return session


class _ClientAuth(OAuth2ClientAuth):  # type: ignore[misc]  # no types
    def __init__(self, prover: Prover, **arguments: object) -> None:
        super().__init__(**arguments)
        self._prover = prover

    def __call__(self, req: requests.PreparedRequest) -> requests.PreparedRequest:
        prepared: requests.PreparedRequest = super().__call__(req)
        return _Sending(self._prover, None).begin(prepared)


class _TokenAuth(OAuth2Auth):  # type: ignore[misc]  # no types
    def __init__(self, prover: Prover, replaced: Any) -> None:  # noqa: ANN401  # untyped Authlib
        super().__init__(replaced.token, client=replaced.client)
        self.hooks = replaced.hooks
        self._prover = prover

    def __call__(self, req: requests.PreparedRequest) -> requests.PreparedRequest:
        prepared: requests.PreparedRequest = super().__call__(req)
        return _Sending(self._prover, self.token["access_token"]).begin(prepared)


def _add_dpop_token(
    token: str, uri: str, headers: MutableMapping[str, str], body: object, _placement: str
) -> tuple[str, MutableMapping[str, str], object]:
    # RFC 9449 §7.1: the Authorization header field, with an authentication scheme of DPoP.
    headers["Authorization"] = f"DPoP {token}"
    return uri, headers, body


_TokenAuth.SIGN_METHODS = {"dpop": _add_dpop_token}


class _Sending:
    """One request with a proof, and its retry when the server wants a nonce."""

    def __init__(self, prover: Prover, access_token: str | None) -> None:
        self._prover = prover
        self._access_token = access_token
        self._retried = False

    def begin(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        self._sign(request)
        request.hooks["response"] = [*request.hooks["response"], self._answered]
        return request

    def _sign(self, request: requests.PreparedRequest) -> None:
        method, url = str(request.method), str(request.url)
        request.headers["DPoP"] = self._prover.proof(method, url, self._access_token)

    def _answered(self, response: requests.Response, **options: object) -> requests.Response:
        request = response.request
        # What follows a redirect is another request, which lost both header fields below.
        if "DPoP" not in request.headers:
            return response
        url = str(request.url)
        is_challenge = self._prover.nonces.learn(url, response.headers.get("DPoP-Nonce"))
        if is_challenge and not self._retried and _wants_nonce(response):
            return self._again(response, options)
        if response.is_redirect:
            # A proof names one URL. requests makes the next request from this one, or none.
            del request.headers["DPoP"]
            request.headers.pop("Authorization", None)
        return response

    def _again(self, response: requests.Response, options: dict[str, Any]) -> requests.Response:
        self._retried = True
        request = response.request
        if not isinstance(request.body, bytes | str | None):
            raise BodyNotReplayable(
                "the server wants a nonce in the proof, and the request's body was a stream that "
                "is spent: send the request again, the nonce is remembered"
            )
        _ = response.content  # so that the connection can be used again
        response.close()
        again = request.copy()
        self._sign(again)
        answer: requests.Response = response.connection.send(again, **options)
        answer.history.append(response)
        answer.request = again
        return self._answered(answer, **options)


def _wants_nonce(response: requests.Response) -> bool:
    is_refusal = response.status_code == HTTPStatus.BAD_REQUEST
    return wants_nonce(
        response.status_code,
        [response.headers.get("WWW-Authenticate", "")],
        response.content if is_refusal else b"",
    )


def _bound(response: requests.Response) -> requests.Response:
    # RFC 9449 §5: as in authlib_hook.
    token_type = json_member(response.content, "token_type")
    if response.ok and str(token_type).lower() != "dpop":
        raise UnsupportedTokenTypeError(description=f"token_type is {token_type}, expected DPoP")
    return response
