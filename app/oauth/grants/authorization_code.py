"""The authorization code grant (RFC 6749 §4.1.3, RFC 7636 §4.5, RFC 9449 §10)."""

from dataclasses import dataclass
from functools import partial

from ...credentials import digest
from ..authorization_code import AuthorizationCode
from ..client import GrantType
from ..errors import InvalidGrant, InvalidRequest, TemporarilyUnavailable
from ..pkce import check_verifier
from ..ports import Codes, Database, RefreshTokens, Users
from ..resource import Target
from ..token_family import TokenFamily, family_id_of
from .code_replay import USED, CodeReplay
from .grant import Authorization, GrantRequest, Issued
from .minting import Mint, at_rest

_UNKNOWN = "the code is unknown, has expired, or was issued to another client"


@dataclass(frozen=True, slots=True)
class _Redemption:
    """A code that the request may redeem."""

    code_hash: str
    code: AuthorizationCode
    request: GrantRequest

    def family(self, lifetime: int) -> TokenFamily:
        """Make the family that this redemption founds."""
        code, request, client = self.code, self.request, self.request.client
        # RFC 9449 §5: refresh tokens issued to public clients MUST be bound to the public key.
        is_bound = client.is_public or client.dpop_bound_refresh_tokens
        return TokenFamily(
            family_id=family_id_of(self.code_hash),
            client_id=client.client_id,
            user_id=code.user_id,
            scopes=code.scopes,
            resources=code.resources,
            jkt=request.binding.jkt if is_bound else None,
            auth_time=code.auth_time,
            created_at=request.now,
            expires_at=request.now + lifetime,
            code_hash=self.code_hash,
            code_fingerprint=code.fingerprint,
        )


class AuthorizationCodeGrant:
    """Redeems a code, exactly once, for the first tokens of a family."""

    grant_type = GrantType.AUTHORIZATION_CODE

    def __init__(
        self,
        codes: Codes,
        database: Database,
        users: Users,
        refresh_tokens: RefreshTokens,
        mint: Mint,
    ) -> None:
        self._codes = codes
        self._database = database
        self._users = users
        self._refresh_tokens = refresh_tokens
        self._mint = mint
        self._replay = CodeReplay(database)

    async def authorize(self, request: GrantRequest) -> Authorization:
        code_hash = digest(request.parameters.require("code"))
        stored = await self._codes.find(code_hash)
        if stored is None:
            await self._replay.of_forgotten_code(code_hash, request)
            raise InvalidGrant(_UNKNOWN)
        code, redemption = stored.code, _Redemption(code_hash, stored.code, request)
        _check_match(code, request)
        if stored.spent:
            raise await self._replayed(redemption)
        # RFC 6749 §4.1.2: The authorization code MUST expire shortly after it is issued.
        if code.expires_at <= request.now:
            raise InvalidGrant(_UNKNOWN)
        # RFC 9449 §10: the server rejects the request if the proof's key is not that of dpop_jkt.
        request.binding.confirm(code.dpop_jkt)
        if not await self._users.is_active(code.user_id):
            raise InvalidGrant("the person who allowed this has no active account any more")
        return Authorization(
            scopes=code.scopes,
            resources=code.resources,
            requested_scope=None,
            redeem=partial(self._redeem, redemption),
        )

    async def _redeem(self, redemption: _Redemption, target: Target) -> Issued:
        """Spend first, mint second: if a later step fails the code is spent, never the reverse."""
        # RFC 6749 §4.1.2: The client MUST NOT use the authorization code more than once.
        if not await self._codes.spend(redemption.code_hash):
            raise await self._replayed(redemption)
        try:
            return await self._give_birth(redemption, target)
        except TemporarilyUnavailable as error:
            raise TemporarilyUnavailable(
                "the code is spent, but its tokens could not be stored: send the person to the "
                "authorization endpoint again",
                retry_after=error.retry_after,
                part=error.part,
            ) from error

    async def _give_birth(self, redemption: _Redemption, target: Target) -> Issued:
        request = redemption.request
        refreshes = GrantType.REFRESH_TOKEN in request.client.grant_types
        lifetime = self._mint.lifetime(request, target)
        family = redemption.family(self._mint.lifetimes.refresh_token if refreshes else lifetime)
        access_token = self._mint.for_family(request, target, family)
        refresh_token = self._refresh_tokens.first() if refreshes else None
        async with self._database.begin() as unit:
            # The code's store decided the race; the unique code_hash stands behind it, should a
            # failover bring a spent code back.
            if await unit.families.add(family) is None:
                await self._replay.condemn(unit, family, request)
                await unit.commit()
                raise InvalidGrant(USED, replayed="code")
            if refresh_token is not None:
                await unit.refresh_tokens.add(at_rest(refresh_token, family, request.now))
            await unit.commit()
        return Issued(access_token, refresh_token, family.user_id, family.family_id)

    async def _replayed(self, redemption: _Redemption) -> InvalidGrant:
        family = redemption.family(self._mint.lifetimes.refresh_token)
        async with self._database.begin() as unit:
            await self._replay.condemn(unit, family, redemption.request)
            await unit.commit()
        return InvalidGrant(USED, replayed="code")


def _check_match(code: AuthorizationCode, request: GrantRequest) -> None:
    # RFC 6749 §4.1.3: ensure that the authorization code was issued to the authenticated
    # confidential client, or if the client is public, [...] to "client_id" in the request.
    if code.client_id != request.client.client_id:
        raise InvalidGrant(_UNKNOWN)
    redirect_uri = request.parameters.get("redirect_uri")
    # RFC 6749 §4.1.3: redirect_uri REQUIRED, if the "redirect_uri" parameter was included in the
    # authorization request, and their values MUST be identical.
    if redirect_uri is None and code.redirect_uri_sent:
        raise InvalidRequest("redirect_uri is missing: the authorization request had one")
    if redirect_uri not in {None, code.redirect_uri}:
        raise InvalidGrant(
            f"expected the redirect_uri of the authorization request, '{code.redirect_uri}', "
            f"received '{redirect_uri}'"
        )
    check_verifier(request.parameters.get("code_verifier"), code.code_challenge)
