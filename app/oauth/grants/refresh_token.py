"""The refresh token grant (RFC 6749 §6, RFC 9700 §4.14.2, RFC 9449 §5).

Rotation is on unless the client has it off; then the presented token stays good, and the answer
repeats it, since many clients take an answer without one to mean that there is none.
"""

from dataclasses import dataclass
from functools import partial

from ...credentials import digest
from ..client import GrantType
from ..errors import InvalidGrant
from ..ports import Database, RefreshTokens, Users
from ..resource import Target
from ..token_family import RefreshToken, Status, TokenFamily
from .grant import Authorization, GrantRequest, Issued
from .minting import Mint, at_rest
from .refresh_replay import RefreshReplay

_UNKNOWN = "the refresh token is unknown, expired, revoked, or was issued to another client"


@dataclass(frozen=True, slots=True)
class _Refresh:
    """A refresh token that the request may use. ``value`` is the token presented."""

    value: str
    token: RefreshToken
    family: TokenFamily
    request: GrantRequest
    server_rotates: bool

    @property
    def rotates(self) -> bool:
        client = self.request.client
        # RFC 9700 §4.14.2: refresh tokens for public clients MUST be sender-constrained or rotated.
        if client.is_public and self.family.jkt is None:
            return True
        # FAPI 2.0 Security Profile 5.3.2.1, 9: shall not use refresh token rotation.
        return self.server_rotates and client.rotate_refresh_tokens


class RefreshTokenGrant:
    """Gives a new access token for a refresh token, which it rotates."""

    grant_type = GrantType.REFRESH_TOKEN

    def __init__(
        self,
        database: Database,
        users: Users,
        refresh_tokens: RefreshTokens,
        mint: Mint,
        *,
        rotates: bool = True,
    ) -> None:
        self._database = database
        self._users = users
        self._refresh_tokens = refresh_tokens
        self._mint = mint
        self._rotates = rotates
        self._replay = RefreshReplay(database, retry_window=mint.lifetimes.refresh_retry)

    async def authorize(self, request: GrantRequest) -> Authorization:
        refresh = await self._find(request.parameters.require("refresh_token"), request)
        family = refresh.family
        # RFC 9449 §5: the server MUST validate the proof's key against that of the refresh token.
        request.binding.confirm(family.jkt)
        await self._check_alive(refresh)
        return Authorization(
            scopes=family.scopes,
            resources=family.resources,
            requested_scope=request.parameters.get("scope"),
            authorization_details=family.authorization_details,
            redeem=partial(self._redeem, refresh),
        )

    async def _find(self, value: str, request: GrantRequest) -> _Refresh:
        async with self._database.read() as unit:
            found = await unit.refresh_tokens.find(digest(value))
        # RFC 6749 §6: the refresh token is bound to the client to which it was issued.
        if found is None or found[1].client_id != request.client.client_id:
            raise InvalidGrant(_UNKNOWN)
        return _Refresh(value, *found, request, self._rotates)

    async def _check_alive(self, refresh: _Refresh) -> None:
        token, family, request = refresh.token, refresh.family, refresh.request
        if family.status is not Status.ACTIVE or token.status is Status.REVOKED:
            raise InvalidGrant(_UNKNOWN)
        if min(token.expires_at, family.expires_at) <= request.now:
            raise InvalidGrant(_UNKNOWN)
        if not await self._users.is_active(family.user_id):
            raise InvalidGrant("the person who allowed this has no active account any more")
        if token.status is Status.ROTATED:
            await self._replay.check_retry(token, family, request)

    async def _redeem(self, refresh: _Refresh, target: Target) -> Issued:
        if refresh.token.status is Status.ROTATED:
            return self._issued(refresh, target, self._successor_again(refresh))
        if not refresh.rotates:
            return self._issued(refresh, target, refresh.value)
        issued = await self._rotate(refresh, target)
        if issued is not None:
            return issued
        # Another request was faster, so this one is its retry.
        refresh = await self._find(refresh.value, refresh.request)
        await self._check_alive(refresh)
        return self._issued(refresh, target, self._successor_again(refresh))

    async def _rotate(self, refresh: _Refresh, target: Target) -> Issued | None:
        token, now = refresh.token, refresh.request.now
        successor = self._successor(refresh)
        async with self._database.begin() as unit:
            if not await unit.refresh_tokens.rotate(token.token_hash, digest(successor), now):
                return None
            await unit.refresh_tokens.add(at_rest(successor, refresh.family, now))
            issued = self._issued(refresh, target, successor)
            await unit.commit()
        return issued

    def _successor_again(self, refresh: _Refresh) -> str:
        if refresh.token.successor_hash is None:
            raise InvalidGrant(_UNKNOWN)
        return self._successor(refresh, refresh.token.successor_hash)

    def _successor(self, refresh: _Refresh, expected_hash: str | None = None) -> str:
        value = self._refresh_tokens.successor(refresh.value, refresh.token.salt, expected_hash)
        # The deployment's secret was rotated since, and the previous one is gone.
        if value is None:
            raise InvalidGrant(_UNKNOWN)
        return value

    def _issued(self, refresh: _Refresh, target: Target, refresh_token: str) -> Issued:
        family = refresh.family
        access_token = self._mint.for_family(refresh.request, target, family)
        return Issued(access_token, refresh_token, family.user_id, family.family_id)
