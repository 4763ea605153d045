"""What was said of a session, found without reading what was said of all the others."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TABLES = ("signals", "strategy_runs", "withheld_signals", "notifications")


def upgrade() -> None:
    for table in _TABLES:
        op.create_index(f"ix_{table}_session", table, ["session"])


def downgrade() -> None:
    for table in _TABLES:
        op.drop_index(f"ix_{table}_session", table_name=table)
