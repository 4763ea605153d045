"""The instruments a run was asked about are kept, each list once for its user."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from quantmatrix_models.migrations.statements import statements

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "resolved_universes",
        sa.Column(
            "user_id", sa.BigInteger(), nullable=False, comment="The user the row belongs to."
        ),
        sa.Column(
            "digest",
            sa.LargeBinary(length=32),
            nullable=False,
            comment="SHA-256 digest of the ids, joined by commas.",
        ),
        sa.Column(
            "instrument_ids",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="The instruments, by their ids, ascending; empty: none.",
        ),
        sa.CheckConstraint(
            "octet_length(digest) = 32", name=op.f("ck_resolved_universes_digest_is_sha_256")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_resolved_universes_user_id_users")
        ),
        sa.PrimaryKeyConstraint("user_id", "digest", name=op.f("pk_resolved_universes")),
        comment="A list of instruments that runs of a user were asked about, stored once for all of them.",
    )
    op.add_column(
        "strategy_runs",
        sa.Column(
            "universe_digest",
            sa.LargeBinary(length=32),
            nullable=True,
            comment="What it was asked about, in `resolved_universes`; null where it failed, and before that was kept.",
        ),
    )
    op.create_foreign_key(
        op.f("fk_strategy_runs_user_id_universe_digest_resolved_universes"),
        "strategy_runs",
        "resolved_universes",
        ["user_id", "universe_digest"],
        ["user_id", "digest"],
    )
    op.execute(statements("0024_after_tables.sql"))


def downgrade() -> None:
    op.drop_constraint(
        op.f("fk_strategy_runs_user_id_universe_digest_resolved_universes"),
        "strategy_runs",
        type_="foreignkey",
    )
    op.drop_column("strategy_runs", "universe_digest")
    op.drop_table("resolved_universes")
