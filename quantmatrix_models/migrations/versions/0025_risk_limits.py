"""Users may limit what they hold in one place; an entry no limit leaves room for is withheld."""

import sqlalchemy as sa
from alembic import op

from quantmatrix_models.migrations.data import past_row_security
from quantmatrix_models.migrations.statements import statements

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_REASONS = ("no_bar", "quarantined_bar", "missing_indicator")


def upgrade() -> None:
    op.create_table(
        "risk_limits",
        sa.Column(
            "user_id",
            sa.BigInteger(),
            nullable=False,
            comment="The user the row belongs to; one row a user.",
        ),
        sa.Column(
            "max_position_pct",
            sa.Numeric(precision=9, scale=4),
            nullable=True,
            comment="Most in one instrument, 0-100 of the accounts; null: not limited.",
        ),
        sa.Column(
            "max_sector_pct",
            sa.Numeric(precision=9, scale=4),
            nullable=True,
            comment="Most in one sector, 0-100 of the accounts; null: not limited.",
        ),
        sa.Column(
            "max_heat_pct",
            sa.Numeric(precision=9, scale=4),
            nullable=True,
            comment="Most that is lost if every stop is hit, 0-100; null: not limited.",
        ),
        sa.Column(
            "max_positions",
            sa.Integer(),
            nullable=True,
            comment="Most instruments held at a time; null: not limited.",
        ),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Moment (UTC) of the last change.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (max_position_pct, max_sector_pct, max_heat_pct)",
            name=op.f("ck_risk_limits_amounts_are_numbers"),
        ),
        *(
            sa.CheckConstraint(
                f"{column} > 0 AND {column} <= 100", name=op.f(f"ck_risk_limits_{column}_in_range")
            )
            for column in ("max_position_pct", "max_sector_pct", "max_heat_pct")
        ),
        sa.CheckConstraint("max_positions > 0", name=op.f("ck_risk_limits_max_positions_positive")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_risk_limits_user_id_users")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_risk_limits")),
        comment="The most a user wants to have in one place; entries are cut to it. Without a row: no limits.",
    )
    op.execute(statements("0025_after_tables.sql"))
    _reasons(*_REASONS, "limit")


def downgrade() -> None:
    with past_row_security("withheld_signals"):
        op.execute("DELETE FROM withheld_signals WHERE reason = 'limit'")
    _reasons(*_REASONS)
    op.drop_table("risk_limits")


def _reasons(*reasons: str) -> None:
    listed = ", ".join(f"'{one}'" for one in reasons)
    op.drop_constraint(op.f("ck_withheld_signals_reason"), "withheld_signals", type_="check")
    op.create_check_constraint(
        op.f("ck_withheld_signals_reason"), "withheld_signals", f"reason IN ({listed})"
    )
