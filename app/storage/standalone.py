"""Repositories whose every method is one transaction, committed when it returns."""

from collections.abc import Sequence

from ..oauth.client import Client
from ..oauth.details_type import DetailsType
from ..oauth.ports import ResourceServer
from .keys import StoredKey
from .transactions import Transactions
from .users import User


class StandaloneClients:
    """oauth.ports.Clients."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def find(self, client_id: str) -> Client | None:
        async with self._transactions.read() as work:
            return await work.clients.find(client_id)


class StandaloneOrigins:
    """oauth.ports.Origins."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def any(self, origin: str) -> bool:
        async with self._transactions.read() as work:
            return await work.origins.any(origin)


class StandaloneResources:
    """oauth.ports.Resources."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def find(self, uri: str) -> ResourceServer | None:
        async with self._transactions.read() as work:
            return await work.resources.find(uri)

    async def list(self) -> Sequence[ResourceServer]:
        async with self._transactions.read() as work:
            return await work.resources.list()


class StandaloneDetailsTypes:
    """oauth.ports.DetailsTypes."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def find(self, name: str) -> DetailsType | None:
        async with self._transactions.read() as work:
            return await work.details_types.find(name)

    async def list(self) -> Sequence[DetailsType]:
        async with self._transactions.read() as work:
            return await work.details_types.list()


class StandaloneUsers:
    """oauth.ports.Users, and what signing in needs of the users."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def find(self, user_id: str) -> User | None:
        async with self._transactions.read() as work:
            return await work.users.find(user_id)

    async def is_active(self, user_id: str) -> bool:
        user = await self.find(user_id)
        return user is not None and not user.disabled

    async def find_by_email(self, email: str) -> User | None:
        async with self._transactions.read() as work:
            return await work.users.find_by_email(email)

    async def set_password_hash(self, user_id: str, password_hash: str) -> bool:
        async with self._transactions.begin() as work:
            changed = await work.users.set_password_hash(user_id, password_hash)
            await work.commit()
        return changed


class StandaloneKeys:
    """tokens.ports.SealedKeys."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def list(self) -> Sequence[StoredKey]:
        async with self._transactions.read() as work:
            return await work.keys.list()

    async def add(
        self, *, kid: str, alg: str, state: str, public_jwk: str, sealed_private_jwk: str, at: float
    ) -> None:
        async with self._transactions.begin() as work:
            await work.keys.add(
                kid=kid,
                alg=alg,
                state=state,
                public_jwk=public_jwk,
                sealed_private_jwk=sealed_private_jwk,
                at=at,
            )
            await work.commit()

    async def activate(self, kid: str, at: float) -> bool:
        async with self._transactions.begin() as work:
            activated = await work.keys.activate(kid, at)
            await work.commit()
        return activated

    async def revoke(self, kid: str, at: float) -> bool:
        async with self._transactions.begin() as work:
            revoked = await work.keys.revoke(kid, at)
            await work.commit()
        return revoked

    async def reseal(self, kid: str, sealed_private_jwk: str) -> None:
        async with self._transactions.begin() as work:
            await work.keys.reseal(kid, sealed_private_jwk)
            await work.commit()
