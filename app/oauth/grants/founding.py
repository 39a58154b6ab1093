"""What a credential that is good once founds: a token family, and its first tokens.

The store of the credential decides the race; the family's unique ``code_hash`` stands behind it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ..authorization_details import Details
from ..client import GrantType
from ..errors import InvalidGrant, TemporarilyUnavailable
from ..ports import Database, RefreshTokens
from ..resource import Target
from ..token_family import TokenFamily, family_id_of
from .code_replay import CodeReplay
from .grant import GrantRequest, Issued
from .minting import Mint, at_rest


@dataclass(frozen=True, slots=True)
class Founding:
    """A credential that the request may redeem, and what a person allowed by it.

    ``code_hash`` is of the credential; ``fingerprint`` is what its redemption must match, and
    outlives it beside the family.
    """

    code_hash: str
    user_id: str
    scopes: frozenset[str]
    resources: tuple[str, ...]
    auth_time: float
    fingerprint: str
    request: GrantRequest
    acr: str | None = None
    authorization_details: Details = ()

    def family(self, lifetime: int) -> TokenFamily:
        """Make the family that this redemption founds."""
        request, client = self.request, self.request.client
        # RFC 9449 §5: refresh tokens issued to public clients MUST be bound to the public key.
        is_bound = client.is_public or client.dpop_bound_refresh_tokens
        return TokenFamily(
            family_id=family_id_of(self.code_hash),
            client_id=client.client_id,
            user_id=self.user_id,
            scopes=self.scopes,
            resources=self.resources,
            jkt=request.binding.jkt if is_bound else None,
            auth_time=self.auth_time,
            acr=self.acr,
            authorization_details=self.authorization_details,
            created_at=request.now,
            expires_at=request.now + lifetime,
            code_hash=self.code_hash,
            code_fingerprint=self.fingerprint,
        )


class Founder:
    """Redeems credentials of one kind, each exactly once.

    ``spend`` spends the one with a hash, atomically: True for one caller, ever. ``start_again``
    says what to do when a credential is spent but its tokens could not be stored.
    """

    def __init__(
        self,
        database: Database,
        refresh_tokens: RefreshTokens,
        mint: Mint,
        replay: CodeReplay,
        *,
        spend: Callable[[str], Awaitable[bool]],
        start_again: str,
    ) -> None:
        self._database = database
        self._refresh_tokens = refresh_tokens
        self._mint = mint
        self._replay = replay
        self._spend = spend
        self._start_again = start_again

    async def redeem(self, founding: Founding, target: Target) -> Issued:
        """Spend first, mint second: if a later step fails it is spent, never the reverse."""
        if not await self._spend(founding.code_hash):
            raise await self.replayed(founding)
        try:
            return await self._give_birth(founding, target)
        except TemporarilyUnavailable as error:
            raise TemporarilyUnavailable(
                f"the {self._replay.name} is spent, but its tokens could not be stored: "
                f"{self._start_again}",
                retry_after=error.retry_after,
                part=error.part,
            ) from error

    async def replayed(self, founding: Founding) -> InvalidGrant:
        """Revoke what was founded before, and return the refusal."""
        family = founding.family(self._mint.lifetimes.refresh_token)
        async with self._database.begin() as unit:
            await self._replay.condemn(unit, family, founding.request)
            await unit.commit()
        return self._replay.refusal()

    async def _give_birth(self, founding: Founding, target: Target) -> Issued:
        request = founding.request
        refreshes = GrantType.REFRESH_TOKEN in request.client.grant_types
        lifetime = self._mint.lifetime(request, target)
        family = founding.family(self._mint.lifetimes.refresh_token if refreshes else lifetime)
        access_token = self._mint.for_family(request, target, family)
        refresh_token = self._refresh_tokens.first() if refreshes else None
        async with self._database.begin() as unit:
            # The credential's store decided the race; the unique code_hash stands behind it, should
            # a failover bring a spent one back.
            if await unit.families.add(family) is None:
                await self._replay.condemn(unit, family, request)
                await unit.commit()
                raise self._replay.refusal()
            if refresh_token is not None:
                await unit.refresh_tokens.add(at_rest(refresh_token, family, request.now))
            await unit.commit()
        return Issued(access_token, refresh_token, family.user_id, family.family_id)
