"""Pages of outcomes keep room, so that an evening's update stays on its row's page."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Rows written before stay where they are; those still followed move at their next update.
    op.execute("ALTER TABLE signal_outcomes SET (fillfactor = 60)")


def downgrade() -> None:
    op.execute("ALTER TABLE signal_outcomes RESET (fillfactor)")
