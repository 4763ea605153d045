"""Findings of broken contracts, and findings that belong to a user."""

import sqlalchemy as sa
from alembic import op

from quantmatrix_models.migrations.statements import statements

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_RULES_BEFORE = (
    "missing_column",
    "unreadable_file",
    "not_a_number",
    "not_a_date",
    "mixed_time_zone",
    "missing_symbol",
    "null_price",
    "nonpositive_price",
    "null_volume",
    "negative_volume",
    "high_below_low",
    "open_outside_range",
    "close_outside_range",
    "duplicate_key",
    "not_a_session",
    "unknown_symbol",
)


def upgrade() -> None:
    op.add_column(
        "findings",
        sa.Column(
            "user_id",
            sa.BigInteger(),
            nullable=True,
            comment="The user the row belongs to; null: the system's own.",
        ),
    )
    op.create_foreign_key(
        op.f("fk_findings_user_id_users"), "findings", "users", ["user_id"], ["id"]
    )
    _allow(*_RULES_BEFORE, "broken_contract")
    op.execute(statements("0003_after_tables.sql"))


def downgrade() -> None:
    for policy in ("own_rows", "shared_rows", "all_rows"):
        op.execute(f"DROP POLICY {policy} ON findings")
    op.execute("ALTER TABLE findings NO FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE findings DISABLE ROW LEVEL SECURITY")
    # The older schema has no word for these, and no owner to keep them from others.
    op.execute("DELETE FROM findings WHERE rule = 'broken_contract' OR user_id IS NOT NULL")
    _allow(*_RULES_BEFORE)
    op.drop_constraint(op.f("fk_findings_user_id_users"), "findings", type_="foreignkey")
    op.drop_column("findings", "user_id")


def _allow(*rules: str) -> None:
    listed = ", ".join(f"'{rule}'" for rule in rules)
    op.drop_constraint(op.f("ck_findings_rule"), "findings", type_="check")
    op.create_check_constraint(op.f("ck_findings_rule"), "findings", f"rule IN ({listed})")
