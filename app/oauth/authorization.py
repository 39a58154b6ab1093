"""Authorization requests: which are valid.

RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 9449 §10, and of OpenID Connect Core §3.1.2.1 the parameters
``prompt``, ``max_age`` and ``acr_values``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from . import authentication_context, authorization_details, pkce, redirect_uri, resource, scope
from .authorization_details import Details
from .client import Client, GrantType
from .dpop_jkt import thumbprint
from .errors import (
    InvalidRequest,
    RequestUriNotSupported,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from .parameters import Parameters

RESPONSE_TYPES = ("code",)
RESPONSE_MODES = ("query",)
PROMPTS = frozenset({"none", "login", "consent"})

_SECONDS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """Where the answer goes: a client and one of its redirect URIs, so that errors may go there.

    ``sent`` tells whether the request named the redirect URI.
    """

    client: Client
    redirect_uri: str
    sent: bool
    state: str | None = None


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A valid authorization request. ``max_age`` in seconds.

    ``acr_values`` are those asked for that this server can meet: one of them must be.
    ``ask_always``: the person must be asked whatever was allowed before.
    """

    address: ReturnAddress
    scopes: frozenset[str]
    resources: tuple[str, ...]
    code_challenge: str
    dpop_jkt: str | None = None
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    authorization_details: Details = ()
    ask_always: bool = False

    @property
    def client(self) -> Client:
        return self.address.client


def telling_where(pairs: Sequence[tuple[str, str]]) -> Parameters:
    """Read only what says where the answer goes, so that a flaw elsewhere can be sent there.

    Raises InvalidRequest, which must be shown and not redirected.
    """
    where = [pair for pair in pairs if pair[0] in {"client_id", "redirect_uri"}]
    try:
        return Parameters.parse([*where, *(pair for pair in pairs if pair[0] == "state")])
    except InvalidRequest:
        return Parameters.parse(where)


def registered(client: Client | None, client_id: str) -> Client:
    """Return the client. Raises InvalidRequest, which must be shown, unless it may be used."""
    if client is None or client.disabled:
        raise InvalidRequest(f"client_id is '{client_id}', and no such client is registered")
    return client


def return_address(client: Client | None, parameters: Parameters) -> ReturnAddress:
    """Find where the answer goes. Raises InvalidRequest, which must be shown and not redirected."""
    client = registered(client, parameters.require("client_id"))
    requested = parameters.get("redirect_uri")
    chosen = redirect_uri.choose(client, requested)
    return ReturnAddress(client, chosen, requested is not None, parameters.get("state"))


def validate(parameters: Parameters, address: ReturnAddress) -> AuthorizationRequest:
    """Check everything but resources and types of details. Raises the OAuthError to redirect."""
    client = address.client
    # RFC 9101 §7: request_uri_not_supported: The authorization server does not support the use of
    # the "request_uri" parameter. What was pushed comes here without it.
    if parameters.get("request_uri"):
        raise RequestUriNotSupported("expected a request_uri of this server's /par (RFC 9126)")
    if GrantType.AUTHORIZATION_CODE not in client.grant_types:
        raise UnauthorizedClient("the client is not registered for the grant authorization_code")
    _check_response(parameters)
    challenge = pkce.check_challenge(
        parameters.get("code_challenge"), parameters.get("code_challenge_method")
    )
    details = authorization_details.parse(parameters.get("authorization_details"))
    return AuthorizationRequest(
        address=address,
        scopes=scope.narrow(parameters.get("scope"), client.scopes, beside_details=bool(details)),
        resources=resource.parse(parameters.all("resource")),
        code_challenge=challenge,
        dpop_jkt=thumbprint(parameters.get("dpop_jkt")),
        prompt=_prompt(parameters.get("prompt")),
        max_age=_max_age(parameters.get("max_age")),
        acr_values=authentication_context.parse(parameters.get("acr_values")),
        authorization_details=details,
    )


def _check_response(parameters: Parameters) -> None:
    response_type = parameters.require("response_type")
    # RFC 6749 §3.1.1: If an authorization request is missing the "response_type" parameter, or if
    # the response type is not understood, the authorization server MUST return an error response.
    if response_type not in RESPONSE_TYPES:
        raise UnsupportedResponseType(f"expected response_type 'code', received '{response_type}'")
    mode = parameters.get("response_mode")
    if mode is not None and mode not in RESPONSE_MODES:
        raise InvalidRequest(f"expected response_mode 'query', received '{mode}'")


def _prompt(value: str | None) -> frozenset[str]:
    words = frozenset((value or "").split())
    if words - PROMPTS:
        raise InvalidRequest(f"expected prompt to be none, login or consent, received '{value}'")
    # OpenID Connect Core §3.1.2.1: If this parameter contains none with any other value, an error
    # is returned.
    if "none" in words and len(words) > 1:
        raise InvalidRequest(f"prompt 'none' stands alone, received '{value}'")
    return words


def _max_age(value: str | None) -> int | None:
    if value is None:
        return None
    if not _SECONDS.fullmatch(value):
        raise InvalidRequest(f"expected max_age in whole seconds, received '{value}'")
    return int(value)
