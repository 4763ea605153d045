"""A signal reaches its strategy through its run, which is one of the same strategy."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("fk_signals_user_id_strategy_id_strategies", "signals", type_="foreignkey")


def downgrade() -> None:
    op.create_foreign_key(
        "fk_signals_user_id_strategy_id_strategies",
        "signals",
        "strategies",
        ["user_id", "strategy_id"],
        ["user_id", "id"],
    )
