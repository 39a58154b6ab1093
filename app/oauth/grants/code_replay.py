"""A code that is used again: the end of the tokens born from it (RFC 6749 §4.1.2, §10.5).

Only a request that could have redeemed the code counts: the same client, redirect URI and verifier.
Otherwise anyone who finds a used code in a log could sign a person out.
"""

from ...telemetry.audit import AuditEvent, EventKind
from ..authorization_code import fingerprint
from ..errors import InvalidGrant
from ..pkce import challenge_of
from ..ports import Database, UnitOfWork
from ..token_family import TokenFamily
from .grant import GrantRequest

USED = "the code was used before, so the tokens issued for it are revoked"


class CodeReplay:
    """Revokes the family of a code that was used before."""

    def __init__(self, database: Database) -> None:
        self._database = database

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

    async def of_forgotten_code(self, code_hash: str, request: GrantRequest) -> None:
        """Recognise a replay after the code's store forgot it: the family still remembers.

        Raises InvalidGrant, after the commit, if it is one.
        """
        async with self._database.read() as unit:
            family = await unit.families.find_by_code(code_hash)
        if family is None or not _could_redeem(request, family):
            return
        async with self._database.begin() as unit:
            await self.condemn(unit, family, request)
            await unit.commit()
        raise InvalidGrant(USED, replayed="code")


def _could_redeem(request: GrantRequest, family: TokenFamily) -> bool:
    verifier = request.parameters.get("code_verifier")
    if verifier is None or family.client_id != request.client.client_id:
        return False
    redirect_uri = request.parameters.get("redirect_uri")
    # RFC 6749 §4.1.3: it may be left out if the authorization request had none, and used the one
    # that is registered. Whether it had none is forgotten; the verifier is what nobody else knows.
    candidates = request.client.redirect_uris if redirect_uri is None else (redirect_uri,)
    challenge = challenge_of(verifier)
    return family.code_fingerprint in {
        fingerprint(family.client_id, uri, challenge) for uri in candidates
    }
