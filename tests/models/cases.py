"""What breaks each constraint: by hand for the checks, derived for what the metadata says whole.

A case is (table, constraint, row, others): the row breaks the constraint; where no row can break it
without breaking `others` too, those are taken away first. The row is numbered 3, whose users,
instruments and the like exist; rows 1 and 2 of every table are there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from models.cases_of import (
    accounts,
    audit,
    instruments,
    market_data,
    positions,
    signals,
    strategies,
    tax_lots,
    transactions,
    users,
)
from models.rows import a_row
from sqlalchemy import (
    CheckConstraint,
    Column,
    Enum,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Numeric,
    Table,
    UniqueConstraint,
)
from sqlalchemy import String as Text

from quantmatrix_models.migrations.tables import metadata

NEW = 3
NOBODY = 99

BY_HAND: dict[str, dict[str, dict[str, Any]]] = {
    table: cases
    for domain in (
        users,
        accounts,
        instruments,
        positions,
        transactions,
        tax_lots,
        market_data,
        strategies,
        signals,
        audit,
    )
    for table, cases in domain.CASES.items()
}


_REVERSAL = a_row("transactions", 4, user_id=1) | {"reverses_id": 1}
_SECOND_EVENT = a_row("audit_events", 4, user_id=1)
BEFORE = {
    "uq_transactions_user_id_account_id_reverses_id": [_REVERSAL],
    "uq_audit_events_user_id_seq": [_SECOND_EVENT],
    "uq_audit_events_user_id_previous_hash": [_SECOND_EVENT],
}


@dataclass(frozen=True)
class Case:
    """A row of `table` that breaks the constraint `name`, once `others` are out of the way.

    Where rows 1 and 2 cannot have what it collides with, `before` is written first.
    """

    table: str
    name: str
    row: dict[str, Any]
    others: list[str] = field(default_factory=list)
    before: list[dict[str, Any]] = field(default_factory=list)


def cases() -> list[Case]:
    """Gives a case for each constraint of each table; those by hand win."""
    found = []
    for table in metadata.sorted_tables:
        by_hand = BY_HAND.get(table.name, {})
        found += [
            Case(table.name, name, a_row(table.name, NEW) | changes, before=BEFORE.get(name, []))
            for name, changes in by_hand.items()
        ]
        found += [case for case in _derived(table) if case.name not in by_hand]
    return sorted(found, key=lambda case: (case.table, case.name))


def _derived(table: Table) -> Iterator[Case]:
    yield from _enums(table)
    yield from _numbers(table)
    yield from _references(table)
    yield from _uniques(table)


def _enums(table: Table) -> Iterator[Case]:
    for column in table.columns:
        if isinstance(column.type, Enum):
            name = f"ck_{table.name}_{column.type.name}"
            row = a_row(table.name, NEW) | {column.name: "unheard of"}
            others = _checks_of(table, column.name, besides=name)
            others += [str(key.name) for key in _foreign_keys_with(table, column.name)]
            yield Case(table.name, name, row, others)


def _numbers(table: Table) -> Iterator[Case]:
    numeric = [column.name for column in table.columns if isinstance(column.type, Numeric)]
    if numeric:
        name = f"ck_{table.name}_amounts_are_numbers"
        row = a_row(table.name, NEW) | {numeric[0]: Decimal("NaN")}
        yield Case(table.name, name, row, _checks_of(table, numeric[0], besides=name))


def _checks_of(table: Table, column: str, *, besides: str) -> list[str]:
    return [
        str(check.name)
        for check in table.constraints
        if isinstance(check, CheckConstraint)
        and column in str(check.sqltext)
        and check.name != besides
    ]


def _foreign_keys_with(table: Table, column: str) -> list[ForeignKeyConstraint]:
    keys = (key for key in table.foreign_key_constraints if column in key.column_keys)
    return sorted(keys, key=lambda key: str(key.name))


def _references(table: Table) -> Iterator[Case]:
    for key in sorted(table.foreign_key_constraints, key=lambda key: str(key.name)):
        column = key.columns[key.column_keys[-1]]
        row = a_row(table.name, NEW) | {column.name: _nobody(column)}
        others = [
            str(other.name) for other in _foreign_keys_with(table, column.name) if other is not key
        ]
        yield Case(table.name, str(key.name), row, others)


def _nobody(column: Column[Any]) -> Any:
    """Gives a key of nothing there is, of the column's type."""
    if isinstance(column.type, LargeBinary):
        return bytes([NOBODY]) * 32
    return "nobody" if isinstance(column.type, Text) else NOBODY


def _uniques(table: Table) -> Iterator[Case]:
    """Row 3 as one of user 1 with the values that are unique in row 1."""
    first = a_row(table.name, 1)
    found = {str(unique.name): columns for unique, columns in _unique_keys(table)}
    for name, columns in found.items():
        mine = a_row(table.name, NEW, user_id=1)
        row = mine | {key: first[key] for key in columns if key in first}
        changed = {key for key, value in row.items() if mine.get(key) != value}
        others = [
            other
            for other, keys in found.items()
            if other != name and all(row.get(key) == first.get(key) for key in keys)
        ]
        others += sorted(
            str(key.name) for key in table.foreign_key_constraints if changed & set(key.column_keys)
        )
        yield Case(table.name, name, row, others)


def _unique_keys(table: Table) -> Iterator[tuple[UniqueConstraint | Index, list[str]]]:
    primary = table.primary_key
    yield primary, [column.name for column in primary.columns]  # type: ignore[misc]
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield constraint, [column.name for column in constraint.columns]
    for index in table.indexes:
        if index.unique:
            yield index, [column.name for column in index.columns]
