"""Lots, disposals, reversals, sides and categories agree across rows and tables."""

import sqlalchemy as sa
from alembic import op

from quantmatrix_models.migrations.data import past_row_security
from quantmatrix_models.migrations.statements import statements

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_UNITS = {"tax_lots": "opened_quantity", "lot_disposals": "closed_quantity"}
_OPENED = "Units opened, always positive, in the units of that day: no split restates them."
_CLOSED = "Units closed, always positive, in the units of that day: no split restates them."
_AMOUNTS = {
    "tax_lots": "quantity, remaining_quantity, cost_basis, opening_proceeds, wash_sale_adjustment",
    "lot_disposals": "quantity, proceeds, cost_basis, disallowed_loss, realized_gain",
}
_NOTE = "COMMENT ON COLUMN wash_sale_adjustments.quantity IS '{}'"
_CLOSING = "ix_lot_disposals_user_id_account_id_closing_transaction_id"
_FUNCTIONS = (
    "check_lots_of_transaction",
    "check_disposals_fit_lot",
    "check_wash_sales",
    "check_reversal",
    "check_side_of_order",
    "check_side_of_fill",
    "check_dividend_of_transaction",
    "check_category_parents",
)


def upgrade() -> None:
    for (table, column), comment in zip(_UNITS.items(), (_OPENED, _CLOSED), strict=True):
        op.add_column(table, sa.Column(column, sa.Numeric(38, 18), comment=comment))
    # Nothing has restated a quantity before this revision.
    with past_row_security(*_UNITS):
        for table, column in _UNITS.items():
            rows = sa.table(table, sa.column(column), sa.column("quantity"))
            op.execute(rows.update().values({column: rows.c.quantity}))
    for table, column in _UNITS.items():
        op.alter_column(table, column, nullable=False)
        op.create_check_constraint(op.f(f"ck_{table}_{column}_positive"), table, f"{column} > 0")
        _refuse_nan(table, f"{_AMOUNTS[table]}, {column}")
    op.create_index(
        _CLOSING,
        "lot_disposals",
        ["user_id", "account_id", "closing_transaction_id"],
        postgresql_where=sa.text("closing_transaction_id IS NOT NULL"),
    )
    op.execute(_NOTE.format("Units replaced, in the units of the day of the disposal."))
    op.execute(statements("0011_triggers.sql"))


def downgrade() -> None:
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}() CASCADE")
    op.execute(_NOTE.format("Units replaced."))
    op.drop_index(_CLOSING, table_name="lot_disposals")
    for table, column in _UNITS.items():
        _refuse_nan(table, _AMOUNTS[table])
        op.drop_column(table, column)


def _refuse_nan(table: str, amounts: str) -> None:
    name = op.f(f"ck_{table}_amounts_are_numbers")
    op.drop_constraint(name, table)
    op.create_check_constraint(name, table, f"'NaN' NOT IN ({amounts})")
