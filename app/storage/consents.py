"""Remembered consents, one row for each person and client."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from ..oauth.ports import Consent
from .connection import Connection, Upsert
from .models import ConsentRow
from .shape import Shape

SHAPE = Shape(Consent, ConsentRow)


class _Merged(FunctionElement[Any]):
    """The members of two JSON objects."""

    inherit_cache = True


@compiles(_Merged, "sqlite")
def _merged_in_sqlite(element: _Merged, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401  # SQLAlchemy's signature
    return f"json_patch({compiler.process(element.clauses, **options)})"


@compiles(_Merged, "postgresql")
def _merged_in_postgresql(element: _Merged, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401  # SQLAlchemy's signature
    one, other = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({one} || {other})"


def _widened(insert: Insert) -> Insert:
    def merged(column: ColumnElement[Any], name: str) -> _Merged:
        return _Merged(column, insert.excluded[name])

    table = ConsentRow.__table__.c
    return insert.on_conflict_do_update(
        index_elements=[ConsentRow.user_id, ConsentRow.client_id],
        set_={
            "scopes": merged(table.scopes, "scopes"),
            "resources": merged(table.resources, "resources"),
            "authorization_details": func.coalesce(
                insert.excluded.authorization_details, table.authorization_details
            ),
            "given_at": insert.excluded.given_at,
        },
    )


_GIVE = Upsert.into(ConsentRow, _widened)
_OF_USER = select(*SHAPE.columns).where(ConsentRow.user_id == bindparam("user_id"))
_FIND = _OF_USER.where(ConsentRow.client_id == bindparam("client_id"))
_LIST = _OF_USER.order_by(ConsentRow.client_id)
_REVOKE = delete(ConsentRow).where(
    ConsentRow.user_id == bindparam("user_id"), ConsentRow.client_id == bindparam("client_id")
)
_FORGET_CLIENT = delete(ConsentRow).where(ConsentRow.client_id == bindparam("client_id"))


class SqlConsents:
    """oauth.ports.Consents, inside a unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, user_id: str, client_id: str) -> Consent | None:
        row = await self._connection.first(_FIND, {"user_id": user_id, "client_id": client_id})
        return None if row is None else SHAPE.load(row)

    async def give(self, consent: Consent, at: float) -> None:
        await self._connection.count(_GIVE, {**SHAPE.values(consent), "given_at": at})

    async def list_for(self, user_id: str) -> Sequence[Consent]:
        return [SHAPE.load(row) for row in await self._connection.all(_LIST, {"user_id": user_id})]

    async def revoke(self, user_id: str, client_id: str) -> bool:
        ids = {"user_id": user_id, "client_id": client_id}
        return await self._connection.count(_REVOKE, ids) > 0

    async def forget_client(self, client_id: str) -> None:
        """Delete everybody's consent to a client that is going away."""
        await self._connection.count(_FORGET_CLIENT, {"client_id": client_id})
