"""The declarative base: one metadata, and what holds for every table by rule.

Constraints are named by the convention below. A table's comment is the first paragraph of its
class, and the columns' comments stand beside them; both are written to the database. Every NUMERIC
column refuses NaN, which PostgreSQL sorts above every number, so that a bound such as `> 0` alone
would let it through.
"""

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Identity, MetaData, Numeric, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """What every table has in common: the metadata with its naming rule, comments and grants.

    `__grants__` says what each database role may do with the table (`privileges.py`). On a table
    whose owner may be null, `__unowned_rows_are_shared__` lets every user read the rows of nobody.
    """

    metadata = MetaData(naming_convention=NAMING_CONVENTION)

    __grants__: ClassVar[Mapping[Any, Any]] = {}
    __unowned_rows_are_shared__: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if isinstance(table := cls.__dict__.get("__table__"), Table):
            table.comment = _first_paragraph(cls)
            table.info["grants"] = cls.__grants__
            table.info["unowned_rows_are_shared"] = cls.__unowned_rows_are_shared__
            _refuse_nan(table)


class HasId:
    """A 64-bit key the database hands out, never reused."""

    id: Mapped[int] = mapped_column(
        BigInteger,
        Identity(),
        primary_key=True,
        sort_order=-1,
        comment="Key, handed out by the database and never reused.",
    )


def _first_paragraph(model: type) -> str:
    return " ".join(inspect.cleandoc(model.__doc__ or "").partition("\n\n")[0].split())


def _refuse_nan(table: Table) -> None:
    numeric = [column.name for column in table.columns if isinstance(column.type, Numeric)]
    if numeric:
        refused = f"'NaN' NOT IN ({', '.join(numeric)})"
        table.append_constraint(CheckConstraint(refused, name="amounts_are_numbers"))
