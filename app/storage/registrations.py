"""Registrations of clients by themselves, and the initial access tokens that let them in."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, func, insert, select, update

from ..oauth.registration import InitialToken, Registration
from .connection import Connection
from .models import ClientRow, ConsentRow, FamilyRow, InitialTokenRow, RegistrationRow
from .shape import Shape
from .types import storable

SHAPE = Shape(Registration, RegistrationRow)
TOKEN_SHAPE = Shape(InitialToken, InitialTokenRow)

_ADD = insert(RegistrationRow)
_FIND = select(*SHAPE.columns).where(RegistrationRow.client_id == bindparam("client_id"))
_REPLACE = update(RegistrationRow).where(RegistrationRow.client_id == bindparam("id"))
_COUNT_OPEN = (
    select(func.count()).select_from(RegistrationRow).where(RegistrationRow.initial_token.is_(None))
)
_UNUSED = (
    select(RegistrationRow.client_id)
    .where(
        RegistrationRow.initial_token.is_(None),
        RegistrationRow.created_at < bindparam("before"),
        ~select(ConsentRow).where(ConsentRow.client_id == RegistrationRow.client_id).exists(),
        ~select(FamilyRow).where(FamilyRow.client_id == RegistrationRow.client_id).exists(),
    )
    .scalar_subquery()
)
# One that an administrator has verified is there to stay.
_FORGET_UNUSED = delete(ClientRow).where(ClientRow.client_id.in_(_UNUSED), ClientRow.unverified)

_ADD_TOKEN = insert(InitialTokenRow)
_ALL_TOKENS = select(*TOKEN_SHAPE.columns).order_by(InitialTokenRow.created_at)
_FIND_TOKEN = select(*TOKEN_SHAPE.columns).where(
    InitialTokenRow.token_hash == bindparam("token_hash")
)
_SPEND_TOKEN = (
    update(InitialTokenRow)
    .where(
        InitialTokenRow.token_id == bindparam("id"),
        InitialTokenRow.uses_left > 0,
        InitialTokenRow.expires_at > bindparam("now"),
    )
    .values(uses_left=InitialTokenRow.uses_left - 1)
)
_DELETE_TOKEN = delete(InitialTokenRow).where(InitialTokenRow.token_id == bindparam("token_id"))


class SqlRegistrations:
    """management.ports.StoredRegistrations, inside a unit of work. A client's goes with it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, registration: Registration) -> None:
        await self._connection.count(_ADD, SHAPE.values(registration))

    async def find(self, client_id: str) -> Registration | None:
        if not storable(client_id):
            return None
        row = await self._connection.first(_FIND, {"client_id": client_id})
        return None if row is None else SHAPE.load(row)

    async def replace(self, registration: Registration) -> None:
        """Overwrite. The client's row must be locked."""
        values = {**SHAPE.values(registration), "id": registration.client_id}
        await self._connection.count(_REPLACE, values)

    async def count_open(self) -> int:
        """Count the clients that came without an initial access token."""
        row = await self._connection.first(_COUNT_OPEN)
        return 0 if row is None else int(row[0])

    async def forget_unused(self, before: float) -> int:
        """Delete those of them that came before then and that nobody ever allowed anything."""
        self._connection.registered = True
        return await self._connection.count(_FORGET_UNUSED, {"before": before})


class SqlInitialTokens:
    """management.ports.StoredInitialTokens, inside a unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, token: InitialToken) -> None:
        await self._connection.count(_ADD_TOKEN, TOKEN_SHAPE.values(token))

    async def list(self) -> Sequence[InitialToken]:
        """Return every token, the oldest first."""
        return [TOKEN_SHAPE.load(row) for row in await self._connection.all(_ALL_TOKENS)]

    async def find(self, token_hash: str) -> InitialToken | None:
        row = await self._connection.first(_FIND_TOKEN, {"token_hash": token_hash})
        return None if row is None else TOKEN_SHAPE.load(row)

    async def spend(self, token_id: str, now: float) -> bool:
        """Use it once, in one statement; False if it is used up, expired or gone."""
        return await self._connection.count(_SPEND_TOKEN, {"id": token_id, "now": now}) > 0

    async def delete(self, token_id: str) -> bool:
        """Delete; False if there is none."""
        if not storable(token_id):
            return False
        return await self._connection.count(_DELETE_TOKEN, {"token_id": token_id}) > 0
