"""What a client is, and the safe defaults that follow from it (RFC 9700 §2.1, RFC 8252)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from ..oauth.client import ApplicationType, AuthMethod, GrantType


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
        # RFC 8628 §5.6: device clients are generally incapable of maintaining the confidentiality
        # of their credentials.
        ClientType.DEVICE: Defaults(
            AuthMethod.NONE,
            ApplicationType.NATIVE,
            frozenset({GrantType.DEVICE_CODE, GrantType.REFRESH_TOKEN}),
        ),
    }
)
