"""Whose a row is: tables that belong to users, and the row security that holds on them."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, MetaData, Table
from sqlalchemy.orm import Mapped, mapped_column

from quantmatrix_models.privileges import Role, granted


class OwnedByUser:
    """A row that belongs to one user; row-level security holds on every such table."""

    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("users.id"), sort_order=-1, comment="The user the row belongs to."
    )


class OwnedWithParent:
    """A row of the user whose row it refers to, by a `reference` that is never null.

    That the user exists follows from it. A key of its own would be one more to ask for each row
    written, a tenth of the time of a bulk write.
    """

    user_id: Mapped[int] = mapped_column(
        BigInteger, sort_order=-1, comment="The user the row belongs to."
    )


class OwnedByUserOrNobody:
    """A row that belongs to one user, or to the system where `user_id` is null."""

    user_id: Mapped[int | None] = mapped_column(
        BigInteger,
        ForeignKey("users.id"),
        sort_order=-1,
        comment="The user the row belongs to; null: the system's own.",
    )


def reference(table: str, *columns: str, name: str | None = None) -> ForeignKeyConstraint:
    """Gives a reference between rows of one user: `columns` to the same user's row of `table`.

    `columns` are those of the referring table beside `user_id`; the last one holds the id, one
    before it (`account_id`) must be the same in both. A foreign key is checked past row security,
    so one by id alone would reach anybody's row. `name` is for where the rule gives more than the
    63 characters PostgreSQL keeps.
    """
    names = ("user_id", *columns)
    return ForeignKeyConstraint(names, [f"{table}.{one}" for one in (*names[:-1], "id")], name=name)


def tenant_tables(metadata: MetaData) -> list[Table]:
    """Gives the tables whose rows belong to a user, by name; `users` itself is one of them."""
    return [
        table
        for name, table in sorted(metadata.tables.items())
        if name == "users" or "user_id" in table.columns
    ]


@dataclass(frozen=True)
class Policy:
    """A row-level security policy: for which roles and commands, and which rows."""

    name: str
    command: str
    roles: tuple[str, ...]
    rows: str

    def statement(self, table: str) -> str:
        """Gives the SQL that makes the policy on `table`."""
        check = "" if self.command == "SELECT" else f" WITH CHECK ({self.rows})"
        to = ", ".join(self.roles)
        return (
            f"CREATE POLICY {self.name} ON {table} FOR {self.command} TO {to} "
            f"USING ({self.rows}){check}"
        )


def policies(table: Table) -> Iterator[Policy]:
    """Gives the policies of a table with an owner.

    The application sees its user's rows, on a table that says so the rows of nobody as well. The
    other roles see all rows of the tables they have a grant on, and write those of no table whose
    grants let them only read.
    """
    key = "id" if table.name == "users" else "user_id"
    yield Policy("own_rows", "ALL", (Role.APP.value,), f"{key} = (SELECT app_user_id())")
    if table.info["unowned_rows_are_shared"]:
        yield Policy("shared_rows", "SELECT", (Role.APP.value,), f"{key} IS NULL")
    others = [(role, grant) for role, grant in granted(table) if role is not Role.APP]
    writers = {role.value for role, grant in others if grant.privilege != "SELECT"}
    if writers:
        yield Policy("all_rows", "ALL", tuple(sorted(writers)), "true")
    if readers := {role.value for role, _ in others} - writers:
        yield Policy("all_rows_to_read", "SELECT", tuple(sorted(readers)), "true")
