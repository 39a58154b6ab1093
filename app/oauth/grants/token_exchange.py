"""The token exchange grant (RFC 8693): impersonation and delegation.

A token is taken from a confidential client that an administrator allowed to exchange, and only if
the token was sent to it or the client holds its key: whoever has stolen a token cannot have it
bound to a key of their own.
"""

from functools import partial

from .. import exchange, introspection
from ..access_token import AccessToken
from ..client import GrantType
from ..errors import InvalidRequest
from ..exchange import Exchange
from ..ports import AccessTokenVerifier, Resources
from ..resource import Target
from .grant import Authorization, GrantRequest, Issued
from .liveness import Liveness
from .minting import Mint


class TokenExchangeGrant:
    """Gives a client a token for another resource, in the name of the one who called it."""

    grant_type = GrantType.TOKEN_EXCHANGE

    def __init__(
        self,
        verifier: AccessTokenVerifier,
        liveness: Liveness,
        resources: Resources,
        mint: Mint,
        *,
        issuer: str,
    ) -> None:
        self._verifier = verifier
        self._liveness = liveness
        self._resources = resources
        self._mint = mint
        self._issuer = issuer

    async def authorize(self, request: GrantRequest) -> Authorization:
        client, parameters = request.client, request.parameters
        with_actor = parameters.get("actor_token") is not None
        issued_token_type = exchange.issued_token_type(parameters)
        exchange.check_policy(client, with_actor=with_actor)
        subject = await self._presented("subject_token", request)
        actor = await self._presented("actor_token", request) if with_actor else None
        if actor is not None:
            exchange.check_actor(actor)
        presented = Exchange(subject, actor, issued_token_type)
        exchange.check_may_act(presented, client, self._issuer)
        if presented.is_bound and request.binding.jkt is None:
            raise InvalidRequest(
                "a token bound to a key is not exchanged for one that is bound to none: "
                "send a DPoP proof"
            )
        return Authorization(
            scopes=exchange.scopes(subject, client),
            resources=client.exchange_audiences,
            requested_scope=parameters.get("scope"),
            redeem=partial(self._redeem, presented, request),
            requested_audiences=exchange.audiences(parameters, client),
            authorization_details=exchange.details(subject, client),
        )

    async def _presented(self, name: str, request: GrantRequest) -> AccessToken:
        """Return the token of the parameter, if the client may use it. Raises InvalidRequest."""
        token = self._verifier.verify(request.parameters.require(name))
        # RFC 8693 §2.2.2: If either the "subject_token" or "actor_token" are invalid for any
        # reason, or are unacceptable based on policy, [...] "invalid_request".
        if token is None:
            raise _unusable(name)
        await self._check_possession(name, token, request)
        if not await self._liveness.is_alive(token):
            raise _unusable(name)
        return token

    async def _check_possession(self, name: str, token: AccessToken, request: GrantRequest) -> None:
        # RFC 9449 §9: sender-constrained access tokens [...] are useless to whoever stole them.
        # So they must not be exchanged by any but their holder, or the one they were sent to.
        if token.jkt is not None and token.jkt == request.binding.jkt:
            return
        client = request.client
        if client.client_id in token.audience:
            return
        for uri in introspection.own_resources(client, token):
            if await self._resources.find(uri) is not None:
                return
        raise InvalidRequest(
            f"the {name} was not sent to this client: expected one whose aud is a resource server "
            "that the client speaks for, or a DPoP proof by the very key that the token is bound to"
        )

    async def _redeem(self, presented: Exchange, request: GrantRequest, target: Target) -> Issued:
        subject = presented.subject
        token = self._mint.for_exchange(
            request, target, subject, expires_by=presented.expires_by, further=presented.claims()
        )
        if token.expires_in <= 0:
            raise _unusable("subject_token")
        is_of_person = subject.family_id is not None
        # RFC 8693 §2.2.1: refresh_token: will typically not be issued.
        return Issued(
            token,
            user_id=subject.subject if is_of_person else None,
            family_id=subject.family_id,
            issued_token_type=presented.issued_token_type,
            details=presented.story(),
        )


def _unusable(name: str) -> InvalidRequest:
    return InvalidRequest(
        f"the {name} is no access token of this server, has expired, or was revoked"
    )
