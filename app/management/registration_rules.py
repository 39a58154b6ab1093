"""What a client may register itself as: its metadata, a software statement, and their limits."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..oauth.client import Client, GrantType
from ..oauth.errors import InvalidClientMetadata, InvalidRedirectUri, OAuthError
from ..oauth.software_statement import SoftwareStatements
from . import client_metadata, client_rules
from .client_metadata import SIGN_IN_GRANTS, Bounds
from .errors import Refused

STATEMENT = "software_statement"

# What a client can do without a person who allows it, an initial access token must name. Token
# exchange is no grant for strangers at all: an administrator decides whose tokens may be exchanged.
FURTHER_GRANTS: frozenset[str] = frozenset({GrantType.CLIENT_CREDENTIALS, GrantType.DEVICE_CODE})

_KEYS = frozenset({"jwks", "jwks_uri"})


class RegistrationRules:
    """Makes the client that a registration request asks for.

    ``scopes`` are those that any client may have; ``policy`` holds for all clients, whoever
    registers them.
    """

    def __init__(
        self,
        policy: client_rules.Policy,
        statements: SoftwareStatements,
        *,
        scopes: frozenset[str],
    ) -> None:
        self._policy = policy
        self._statements = statements
        self._scopes = scopes

    def client(
        self,
        members: Mapping[str, Any],
        base: Client,
        *,
        scopes: frozenset[str],
        grant_types: frozenset[str],
        now: float,
    ) -> Client:
        """Return ``base`` with this metadata. Raises OAuthError.

        ``scopes`` and ``grant_types`` are what it may have beyond what any client may.
        """
        bounds = Bounds(self._scopes | scopes, SIGN_IN_GRANTS | grant_types)
        vouched = self._vouched(members, now)
        try:
            client = client_metadata.applied(vouched, base, bounds)
            client_rules.check(client, self._policy)
        except Refused as refused:
            raise _answer(refused) from None
        if members.get(STATEMENT) is None:
            return client
        # RFC 7591 §3.2.1: If a software statement was used as part of the registration, its value
        # MUST be returned unmodified in the response.
        return replace(client, metadata={**client.metadata, STATEMENT: members[STATEMENT]})

    def _vouched(self, members: Mapping[str, Any], now: float) -> Mapping[str, Any]:
        statement = members.get(STATEMENT)
        if statement is None:
            return members
        if not isinstance(statement, str):
            raise InvalidClientMetadata(f"{STATEMENT}: expected a string")
        claims = self._statements.read(statement, now)
        # Who vouches for one of these does not vouch for the other beside it.
        kept = {
            name: value
            for name, value in members.items()
            if not (name in _KEYS and _KEYS & claims.keys())
        }
        # RFC 7591 §2.3: values conveyed in the software statement MUST take precedence over those
        # conveyed using plain JSON elements.
        return {**kept, **claims}


def _answer(refused: Refused) -> OAuthError:
    # RFC 7591 §3.2.2: invalid_redirect_uri: The value of one or more redirection URIs is invalid.
    if refused.field == "redirect_uris":
        return InvalidRedirectUri(str(refused))
    return InvalidClientMetadata(str(refused))
