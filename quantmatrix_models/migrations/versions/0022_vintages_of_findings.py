"""A finding says which vintage of a row it is about: each bad restatement has its own."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

from quantmatrix_models.migrations.data import past_row_security

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_INDEX = "uq_findings_identity"
_IDENTITY = ("user_id", "provider", "source", "source_row", "symbol", "session", "rule", "column")
_COMMENT = (
    "Moment (UTC) the row became known, which tells its vintages apart; null: it is about no one"
    " statement."
)


def upgrade() -> None:
    column = sa.Column("known_at", sa.DateTime(timezone=True), comment=_COMMENT)
    op.add_column("findings", column)
    with past_row_security("findings"):
        _take_from_rows(op.get_bind())
    _index(*_IDENTITY, "known_at")


def downgrade() -> None:
    # The older schema has room for one finding of a row: the first one.
    identity = ", ".join(f'"{one}"' for one in _IDENTITY)
    with past_row_security("findings"):
        op.execute(
            "DELETE FROM findings WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER"  # noqa: S608
            f" (PARTITION BY {identity} ORDER BY id) AS place FROM findings) AS placed"
            " WHERE place > 1)"
        )
    _index(*_IDENTITY)
    op.drop_column("findings", "known_at")


def _index(*columns: str) -> None:
    op.drop_index(_INDEX, table_name="findings")
    op.create_index(
        _INDEX, "findings", list(columns), unique=True, postgresql_nulls_not_distinct=True
    )


def _take_from_rows(connection: sa.Connection) -> None:
    """Takes the moment from the row a finding keeps; a gap and a silence are about no row."""
    said = connection.execute(
        sa.text(
            "SELECT id, \"row\" ->> 'known_at' AS known_at FROM findings"
            " WHERE \"row\" ->> 'known_at' IS NOT NULL"
            " AND rule NOT IN ('missing_session', 'stale_series')"
        )
    )
    moments = [{"id": one.id, "known_at": _moment(one.known_at)} for one in said]
    dated = [one for one in moments if one["known_at"] is not None]
    if dated:
        update = sa.text("UPDATE findings SET known_at = :known_at WHERE id = :id")
        connection.execute(update, dated)


def _moment(text: str) -> dt.datetime | None:
    """Gives the moment; None for the text of a file that is none, or says of no time zone."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
