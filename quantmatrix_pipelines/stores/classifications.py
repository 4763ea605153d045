"""Which sector an instrument is in, by schemes that classify them."""

import polars as pl
from sqlalchemy import text

from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores import bulk


def record(database: Database, rows: pl.DataFrame, *, provider: str) -> int:
    """Keeps classifications and gives how many were new; the same ones again add nothing.

    `rows` has instrument_id, scheme, sector, industry, valid_from and valid_to. One that begins
    later than a known one without an end, and says something else, ends it. What overlaps a known
    one is left out: that stays as it is.
    """
    with database.transaction(Role.PIPELINE) as connection:
        connection.execute(
            text("INSERT INTO data_providers (name) VALUES (:name) ON CONFLICT DO NOTHING"),
            {"name": provider},
        )
        connection.execute(
            text(
                "CREATE TEMPORARY TABLE told (instrument_id bigint, scheme text, sector text,"
                " industry text, valid_from date, valid_to date) ON COMMIT DROP"
            )
        )
        bulk.copy_into(connection, "told", rows)
        connection.execute(text(_ENDED))
        return connection.execute(text(_ADDED), {"provider": provider}).rowcount


def any_known(database: Database) -> bool:
    """Says whether a sector of any instrument is known."""
    with database.transaction(Role.PIPELINE) as connection:
        found = connection.execute(text("SELECT EXISTS (SELECT FROM instrument_classifications)"))
        return bool(found.scalar_one())


# Of several that are told the first ends the one that is known.
_ENDED = """
UPDATE instrument_classifications c SET valid_to = t.valid_from
FROM (SELECT DISTINCT ON (k.id) k.id, t.valid_from FROM told t
      JOIN instrument_classifications k ON k.instrument_id = t.instrument_id
          AND k.scheme = t.scheme AND k.valid_to IS NULL AND k.valid_from < t.valid_from
          AND (k.sector, k.industry) IS DISTINCT FROM (t.sector, t.industry)
      ORDER BY k.id, t.valid_from) t
WHERE c.id = t.id
"""

_ADDED = """
INSERT INTO instrument_classifications
    (instrument_id, scheme, sector, industry, valid_from, valid_to, provider)
SELECT instrument_id, scheme, sector, industry, valid_from, valid_to, :provider
FROM told ORDER BY instrument_id, scheme, valid_from
ON CONFLICT DO NOTHING
"""
