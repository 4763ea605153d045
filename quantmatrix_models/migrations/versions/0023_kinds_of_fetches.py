"""A fetch says what was asked for; its counts are of rows of that kind."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_KINDS = ("bars", "compared_bars", "intraday_bars", "corporate_actions", "fundamentals")
_TABLE = "provider_fetches"
_COMMENTS = {
    "rows": (
        "Bars in the answer.",
        "Bars, actions or companies'' figures in the answer, as `kind` says.",
    ),
    "instruments": (
        "How many instruments the answer has bars of; null: not counted.",
        "How many instruments the answer has rows of; null: not counted.",
    ),
}
_OF_TABLE = (
    "One answer of a provider: for which sessions, how many bars, and which state of its data.",
    "One answer of a provider: to what, for which sessions, and which state of its data.",
)


def upgrade() -> None:
    op.add_column(
        _TABLE,
        sa.Column(
            "kind",
            sa.String(32),
            server_default="bars",
            nullable=False,
            comment="What was asked for, which is what `rows` counts.",
        ),
    )
    listed = ", ".join(f"'{kind}'" for kind in _KINDS)
    op.create_check_constraint(op.f("ck_provider_fetches_kind"), _TABLE, f"kind IN ({listed})")
    _rename("bars", "rows")
    _rename("new_bars", "new_rows")
    _say(1)


def downgrade() -> None:
    # The older schema counts bars alone: other fetches would pass for bars that were asked for.
    op.execute("DELETE FROM provider_fetches WHERE kind <> 'bars'")
    _say(0)
    _rename("rows", "bars")
    _rename("new_rows", "new_bars")
    op.drop_column(_TABLE, "kind")


def _rename(old: str, new: str) -> None:
    op.alter_column(_TABLE, old, new_column_name=new)
    # PostgreSQL 18 names the constraint of a column for the column: made anew, it has the new name.
    op.alter_column(_TABLE, new, nullable=True)
    op.alter_column(_TABLE, new, nullable=False)


def _say(version: int) -> None:
    op.execute(f"COMMENT ON TABLE {_TABLE} IS '{_OF_TABLE[version]}'")
    for column, said in _COMMENTS.items():
        op.execute(f"COMMENT ON COLUMN {_TABLE}.{column} IS '{said[version]}'")
