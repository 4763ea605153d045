"""Positions of users, as far as signals ask for them."""

from collections.abc import Sequence

import polars as pl
from sqlalchemy import text

from quantmatrix_engine import calendars
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role

HOLDINGS_SCHEMA = {
    "user_id": pl.Int64,
    "instrument_id": pl.Int64,
    "opened_on": pl.Date,
    "closed_on": pl.Date,
}


def holdings(database: Database, user_ids: Sequence[int]) -> pl.DataFrame:
    """Gives user_id, instrument_id, opened_on and closed_on of these users' positions.

    The dates are the exchange's; one that is not known, or a position that is not closed, has a
    null. An account that does not count in its user's totals is left out.
    """
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(
                "SELECT p.user_id, p.instrument_id,"
                " CAST(p.opened_at AT TIME ZONE :zone AS date) AS opened_on,"
                " CAST(p.closed_at AT TIME ZONE :zone AS date) AS closed_on"
                " FROM positions p"
                " JOIN accounts a ON a.user_id = p.user_id AND a.id = p.account_id"
                " WHERE p.user_id = ANY(:user_ids) AND a.is_active"
                " ORDER BY p.user_id, p.instrument_id, p.id"
            ),
            {"user_ids": list(user_ids), "zone": calendars.EXCHANGE_TIME_ZONE},
        )
        return pl.DataFrame(rows.all(), schema=HOLDINGS_SCHEMA, orient="row")
