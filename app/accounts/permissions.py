"""What a person has allowed which clients, and taking it back."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..clock import Clock
from ..oauth.ports import Clients, Consent
from ..telemetry.audit import AuditEvent, EventKind
from .ports import Database


@dataclass(frozen=True, slots=True)
class Permission:
    """A remembered consent, and the name of the client that has it.

    ``unverified``: the client gave itself that name.
    """

    client_name: str
    consent: Consent
    unverified: bool = False


class Permissions:
    """Lists and revokes a person's consents."""

    def __init__(self, *, database: Database, clients: Clients, clock: Clock) -> None:
        self._database = database
        self._clients = clients
        self._clock = clock

    async def list(self, user_id: str) -> Sequence[Permission]:
        """Return what the person allowed, by client name."""
        async with self._database.read() as work:
            consents = await work.consents.list_for(user_id)
        found = [await self._permission(each) for each in consents]
        return sorted(found, key=lambda each: (each.client_name.casefold(), each.consent.client_id))

    async def revoke(self, user_id: str, client_id: str, *, address: str) -> bool:
        """Forget the consent and revoke every token born from it; False if there was none."""
        async with self._database.begin() as work:
            if not await work.consents.revoke(user_id, client_id):
                return False
            await work.families.revoke_all(client_id=client_id, user_id=user_id)
            event = AuditEvent(
                at=self._clock.now(),
                kind=EventKind.CONSENT_REVOKED,
                client_id=client_id,
                user_id=user_id,
                address=address,
            )
            await work.audit.add(event)
            await work.commit()
        return True

    async def _permission(self, consent: Consent) -> Permission:
        client = await self._clients.find(consent.client_id)
        if client is None:
            return Permission(consent.client_id, consent)
        return Permission(client.client_name, consent, client.unverified)
