"""The pipeline closes a finding that a later delivery has answered."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_COLUMNS = "UPDATE (status, closed_at, resolution) ON findings"


def upgrade() -> None:
    op.execute(f"GRANT {_COLUMNS} TO quantmatrix_pipeline")


def downgrade() -> None:
    op.execute(f"REVOKE {_COLUMNS} FROM quantmatrix_pipeline")
