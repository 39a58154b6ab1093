"""A refresh token that comes again: a lost answer, or a thief (RFC 9700 §4.14.2)."""

from ...telemetry.audit import AuditEvent, EventKind
from ..errors import InvalidGrant
from ..ports import Database, UnitOfWork
from ..token_family import RefreshToken, Status, TokenFamily
from .grant import GrantRequest


class RefreshReplay:
    """Tells the retry of a lost answer from a replay. ``retry_window`` in seconds."""

    def __init__(self, database: Database, *, retry_window: int) -> None:
        self._database = database
        self._retry_window = retry_window

    async def check_retry(
        self, token: RefreshToken, family: TokenFamily, request: GrantRequest
    ) -> None:
        """Let a retry pass: soon after the rotation, and before its successor was used.

        Raises InvalidGrant, after the commit. A replay after the window revokes the family.
        """
        # RFC 9700 §4.14.2: If a refresh token is compromised and subsequently used by both the
        # attacker and the legitimate client, one of them will present an invalidated refresh token
        # [...] The authorization server will revoke the active refresh token.
        if request.now - (token.rotated_at or token.created_at) > self._retry_window:
            async with self._database.begin() as unit:
                await unit.families.revoke(family.family_id)
                await _record(unit, EventKind.REFRESH_REPLAYED, family, request)
                await unit.commit()
            raise InvalidGrant(
                "the refresh token was used before, so all tokens of this sign-in are revoked",
                replayed="refresh_token",
            )
        async with self._database.read() as unit:
            is_unused = await _is_unused(unit, token.successor_hash)
        if not is_unused:
            async with self._database.begin() as unit:
                await _record(unit, EventKind.SUCCESSOR_USED, family, request)
                await unit.commit()
            raise InvalidGrant(
                "the refresh token was rotated, and its successor is in use: use the newest",
                replayed="refresh_token",
            )


async def _is_unused(unit: UnitOfWork, token_hash: str | None) -> bool:
    found = await unit.refresh_tokens.find(token_hash) if token_hash else None
    return found is not None and found[0].status is Status.ACTIVE


async def _record(
    unit: UnitOfWork, kind: EventKind, family: TokenFamily, request: GrantRequest
) -> None:
    await unit.audit.add(
        AuditEvent(
            at=request.now,
            kind=kind,
            client_id=family.client_id,
            user_id=family.user_id,
            family_id=family.family_id,
            jkt=request.binding.jkt,
            address=request.address,
        )
    )
