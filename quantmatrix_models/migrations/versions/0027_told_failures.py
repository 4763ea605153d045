"""Which failed strategies of a session administrators were told of."""

import sqlalchemy as sa
from alembic import op

from quantmatrix_models.migrations.statements import statements

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "told_failures",
        sa.Column(
            "user_id", sa.BigInteger(), nullable=False, comment="The user the row belongs to."
        ),
        sa.Column(
            "strategy_id", sa.BigInteger(), nullable=False, comment="The strategy that failed."
        ),
        sa.Column("session", sa.Date(), nullable=False, comment="The session it failed on."),
        sa.Column(
            "part",
            sa.Integer(),
            nullable=False,
            comment="Number of the message that told it, on the channel `system_status`.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Moment (UTC) the row was written.",
        ),
        sa.CheckConstraint("part > 0", name=op.f("ck_told_failures_part_positive")),
        sa.ForeignKeyConstraint(
            ["user_id", "strategy_id"],
            ["strategies.user_id", "strategies.id"],
            name=op.f("fk_told_failures_user_id_strategy_id_strategies"),
        ),
        sa.PrimaryKeyConstraint("strategy_id", "session", name=op.f("pk_told_failures")),
        comment="A strategy that failed on a session, once administrators were told: only added to.",
    )
    op.execute(statements("0027_after_tables.sql"))


def downgrade() -> None:
    op.drop_table("told_failures")
