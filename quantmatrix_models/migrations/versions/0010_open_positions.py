"""The open positions of one user, found from the user on, as row security asks for them."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def _replace(*columns: str) -> None:
    op.drop_index("uq_positions_open", table_name="positions")
    op.create_index(
        "uq_positions_open",
        "positions",
        list(columns),
        unique=True,
        postgresql_where="status = 'open'",
    )


def upgrade() -> None:
    _replace("user_id", "account_id", "instrument_id")


def downgrade() -> None:
    _replace("account_id", "instrument_id")
