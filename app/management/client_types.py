"""What a client is, and the safe defaults that follow from it (RFC 9700 §2.1, RFC 8252)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from ..oauth.client import ApplicationType, AuthMethod, GrantType
from .errors import Refused


class ClientType(StrEnum):
    """The kinds of client that an administrator chooses from."""

    SPA = "spa"
    NATIVE = "native"
    WEB = "web"
    SERVICE = "service"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Defaults:
    """How a client of one type is registered unless the administrator says otherwise."""

    auth_method: AuthMethod
    application_type: ApplicationType
    grant_types: frozenset[str]


_SIGN_IN: frozenset[str] = frozenset({GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN})

DEFAULTS: Mapping[ClientType, Defaults] = MappingProxyType(
    {
        ClientType.SPA: Defaults(AuthMethod.NONE, ApplicationType.WEB, _SIGN_IN),
        ClientType.NATIVE: Defaults(AuthMethod.NONE, ApplicationType.NATIVE, _SIGN_IN),
        ClientType.WEB: Defaults(AuthMethod.CLIENT_SECRET_BASIC, ApplicationType.WEB, _SIGN_IN),
        ClientType.SERVICE: Defaults(
            AuthMethod.CLIENT_SECRET_BASIC,
            ApplicationType.WEB,
            frozenset({GrantType.CLIENT_CREDENTIALS}),
        ),
    }
)


def defaults_of(client_type: ClientType) -> Defaults:
    """Return the defaults of a type. Raises Refused for one that could not get a token yet."""
    if client_type not in DEFAULTS:
        raise Refused(
            "type",
            "this server does not have the device authorization grant (RFC 8628) yet, so a "
            "device could not get a token; use native for an app that can open a browser",
        )
    return DEFAULTS[client_type]
