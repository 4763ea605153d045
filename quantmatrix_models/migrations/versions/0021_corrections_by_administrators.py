"""An administrator corrects an exchange, and the date a symbol began."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_GRANTS = (
    "UPDATE (exchange) ON instruments",
    "UPDATE (exchange, valid_from) ON instrument_symbols",
)


def upgrade() -> None:
    for what in _GRANTS:
        op.execute(f"GRANT {what} TO quantmatrix_admin")


def downgrade() -> None:
    for what in _GRANTS:
        op.execute(f"REVOKE {what} FROM quantmatrix_admin")
