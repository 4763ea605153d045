"""The score of a market snapshot is what its own indicators come to, not a rank among all."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_COMMENT = "COMMENT ON COLUMN market_snapshots.score IS '{}'"


def upgrade() -> None:
    op.execute(
        _COMMENT.format("How much speaks for it, 0 to 1, 0.5: neither way; null: not judged.")
    )


def downgrade() -> None:
    op.execute(
        _COMMENT.format("How well it ranks among all instruments, 0 to 1; null: not scored.")
    )
