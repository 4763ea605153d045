"""What holds for every table by rule: roles, comments, and no amount that is NaN."""

from alembic import op

from quantmatrix_models.migrations.statements import statements

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NAME = "ck_signals_amounts_are_numbers"


def upgrade() -> None:
    op.execute(statements("0002_before_tables.sql"))
    _refuse_nan_in("level, price, stop, target_1, target_2, target_3, size_pct")
    op.execute(statements("0002_after_tables.sql"))


def downgrade() -> None:
    _refuse_nan_in("price, level, target_1, target_2, target_3")
    # The roles stay: they belong to the server, and another database of it may use them.
    op.execute("REVOKE USAGE ON SCHEMA public FROM quantmatrix_auth, quantmatrix_support")


def _refuse_nan_in(columns: str) -> None:
    op.drop_constraint(op.f(_NAME), "signals", type_="check")
    op.create_check_constraint(op.f(_NAME), "signals", f"'NaN' NOT IN ({columns})")
