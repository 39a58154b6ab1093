"""Frozen dataclasses to rows and back."""

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from sqlalchemy import Table

from .models import Base

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

D = TypeVar("D", bound="DataclassInstance")


class Shape(Generic[D]):
    """A dataclass, and the table that has a column named like each of its fields."""

    def __init__(self, value: type[D], row: type[Base]) -> None:
        table = cast("Table", row.__table__)
        self._make = value
        self._names = tuple(field.name for field in fields(value))
        self.columns = tuple(table.c[name] for name in self._names)

    def values(self, value: D) -> dict[str, Any]:
        """Name each column's value, for a statement's parameters."""
        return {name: getattr(value, name) for name in self._names}

    def load(self, row: Sequence[Any]) -> D:
        """Make the value from a row that starts with ``columns``."""
        return self._make(*row[: len(self._names)])
