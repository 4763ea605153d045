"""Who keeps the symbols of instruments right: the pipeline by histories, an administrator by hand."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_GRANTS = (
    ("DELETE ON instrument_symbols", "quantmatrix_pipeline"),
    ("INSERT ON instruments, instrument_symbols", "quantmatrix_admin"),
    ("UPDATE (valid_to) ON instrument_symbols", "quantmatrix_admin"),
)


def upgrade() -> None:
    for what, role in _GRANTS:
        op.execute(f"GRANT {what} TO {role}")


def downgrade() -> None:
    for what, role in _GRANTS:
        op.execute(f"REVOKE {what} FROM {role}")
