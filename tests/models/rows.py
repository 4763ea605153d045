"""One valid row a table, by number: row 1 is user 1's, row 2 user 2's, and no two collide.

Each file of `rows_of` gives the rows of one domain as `rows(number, owner)`: a table's columns but
`user_id`, where what a row refers to are the rows numbered `owner`.
"""

from typing import Any

from models.rows_of import (
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
from sqlalchemy import Connection

from quantmatrix_models.migrations.tables import metadata

DOMAINS = (
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


def a_row(table: str, number: int, *, user_id: int | None = None) -> dict[str, Any]:
    """Gives row `number` of `table`, for `user_id` where it shall be another user's.

    What it refers to are that user's own rows, which `fill` makes.
    """
    owner = number if user_id is None else user_id
    made = next(rows[table] for d in DOMAINS if table in (rows := d.rows(number, owner)))
    has_owner = "user_id" in metadata.tables[table].columns
    return made | ({"user_id": owner} if has_owner else {})


def fill(connection: Connection, number: int, *, until: str | None = None) -> None:
    """Writes row `number` of every table, or of those `until` can refer to."""
    for table in metadata.sorted_tables:
        if table.name == until:
            return
        for row in (a_row(table.name, number), *_more(table.name, number)):
            connection.execute(table.insert().values(row))


def _more(table: str, number: int) -> list[dict[str, Any]]:
    """Gives the rows a number has beside its own."""
    return [
        row
        for domain in (instruments, transactions, tax_lots)
        for row in domain.more(number).get(table, [])
    ]
