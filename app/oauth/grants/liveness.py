"""Whether an access token is still good, beyond what it says itself."""

from ..access_token import AccessToken
from ..ports import Clients, Database, Users
from ..token_family import Status


class Liveness:
    """Knows what was revoked or disabled since a token was signed."""

    def __init__(self, database: Database, clients: Clients, users: Users) -> None:
        self._database = database
        self._clients = clients
        self._users = users

    async def is_alive(self, token: AccessToken) -> bool:
        """Whether nothing that the token depends on was revoked or disabled.

        Looks up as much for a token that is not.
        """
        needs = token.depends_on
        clients = [await self._clients.find(client_id) for client_id in needs.clients]
        async with self._database.read() as unit:
            revoked = [await unit.revoked_tokens.contains(jti) for jti in needs.jtis]
            families = [await unit.families.find(family_id) for family_id in needs.families]
        people = [
            await self._users.is_active(family.user_id) for family in families if family is not None
        ]
        return (
            all(client is not None and not client.disabled for client in clients)
            and all(family is not None and family.status is Status.ACTIVE for family in families)
            and all(people)
            and not any(revoked)
        )
