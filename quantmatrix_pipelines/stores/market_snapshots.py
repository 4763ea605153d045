"""The newest state of each instrument: one row each, brought up to date."""

import datetime as dt

import polars as pl
from sqlalchemy import text

from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores import bulk

_KEPT = {"instrument_id": pl.Int64, "kept_session": pl.Date}


def bring_up_to_date(database: Database, states: pl.DataFrame, *, at: dt.datetime) -> int:
    """Writes the states (contract MarketSnapshots) that are not older than what is there.

    Of a session computed again the new state counts; a backfill of an earlier one changes nothing.
    Gives how many rows were written; their `computed_at` is `at`.
    """
    with database.transaction(Role.PIPELINE) as connection:
        connection.execute(text("LOCK TABLE market_snapshots IN SHARE ROW EXCLUSIVE MODE"))
        kept = connection.execute(text("SELECT instrument_id, session FROM market_snapshots")).all()
        there = pl.DataFrame(kept, schema=_KEPT, orient="row")
        newer = states.join(there, on="instrument_id", how="left").filter(
            pl.col("kept_session").is_null() | (pl.col("session") >= pl.col("kept_session"))
        )
        connection.execute(
            text(
                "INSERT INTO data_providers (name) SELECT unnest(CAST(:names AS text[]))"
                " ON CONFLICT DO NOTHING"
            ),
            {"names": states.get_column("provider").unique().to_list()},
        )
        rows = newer.select(states.columns).with_columns(
            pl.col("close").cast(pl.Decimal(20, 6)), computed_at=pl.lit(at)
        )
        return bulk.upsert(connection, "market_snapshots", rows, key=["instrument_id"])


def count(database: Database) -> int:
    """Gives how many instruments have a state."""
    with database.transaction(Role.PIPELINE) as connection:
        found = connection.execute(text("SELECT count(*) FROM market_snapshots"))
        return int(found.scalar_one())
