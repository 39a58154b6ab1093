"""A code that is used again: the end of the tokens born from it (RFC 6749 §4.1.2, §10.5).

Only a request that could have redeemed the code counts: the same client and whatever else the code
is tied to. Otherwise anyone who finds a used code in a log could sign a person out.
"""

from collections.abc import Callable

from ...telemetry.audit import AuditEvent, EventKind
from ..errors import InvalidGrant
from ..ports import Database, UnitOfWork
from ..token_family import TokenFamily
from .grant import GrantRequest


class CodeReplay:
    """Revokes the family of a code that was used before. ``name`` is what such a code is called."""

    def __init__(self, database: Database, name: str = "code") -> None:
        self._database = database
        self.name = name

    def refusal(self) -> InvalidGrant:
        """Return what a replay is refused with."""
        return InvalidGrant(
            f"the {self.name} was used before, so the tokens issued for it are revoked",
            replayed=self.name.replace(" ", "_"),
        )

    async def condemn(self, unit: UnitOfWork, family: TokenFamily, request: GrantRequest) -> None:
        """Revoke the family, or leave the mark that its birth will find. The caller commits."""
        if not await unit.families.condemn(family):
            return
        await unit.audit.add(
            AuditEvent(
                at=request.now,
                kind=EventKind.CODE_REPLAYED,
                client_id=family.client_id,
                user_id=family.user_id,
                family_id=family.family_id,
                jkt=request.binding.jkt,
                address=request.address,
            )
        )

    async def of_forgotten_code(
        self,
        code_hash: str,
        request: GrantRequest,
        could_redeem: Callable[[GrantRequest, TokenFamily], bool],
    ) -> None:
        """Recognise a replay after the code's store forgot it: the family still remembers.

        ``could_redeem`` tells whether the request matches the code that the family was born from.
        Raises InvalidGrant, after the commit, if it is a replay.
        """
        async with self._database.read() as unit:
            family = await unit.families.find_by_code(code_hash)
        if family is None or not could_redeem(request, family):
            return
        async with self._database.begin() as unit:
            await self.condemn(unit, family, request)
            await unit.commit()
        raise self.refusal()
