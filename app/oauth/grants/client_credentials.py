"""The client credentials grant (RFC 6749 §4.4)."""

from functools import partial

from ..client import GrantType
from ..errors import UnauthorizedClient
from ..resource import Target
from .grant import Authorization, GrantRequest, Issued
from .minting import Mint


class ClientCredentialsGrant:
    """Gives a confidential client an access token of its own."""

    grant_type = GrantType.CLIENT_CREDENTIALS

    def __init__(self, mint: Mint) -> None:
        self._mint = mint

    async def authorize(self, request: GrantRequest) -> Authorization:
        # RFC 6749 §4.4: The client credentials grant type MUST only be used by confidential
        # clients.
        if request.client.is_public:
            raise UnauthorizedClient(
                "client_credentials is for clients that authenticate; this one has method none"
            )
        return Authorization(
            scopes=request.client.scopes,
            resources=None,
            requested_scope=request.parameters.get("scope"),
            authorization_details=None,
            redeem=partial(self._redeem, request),
        )

    async def _redeem(self, request: GrantRequest, target: Target) -> Issued:
        # RFC 6749 §4.4.3: A refresh token SHOULD NOT be included.
        return Issued(self._mint.for_client(request, target))
