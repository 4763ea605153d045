"""A file of index members, on its way into the database."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from quantmatrix_adapters.listings import membership_file
from quantmatrix_engine.prices.membership import membered
from quantmatrix_models.database import Database
from quantmatrix_pipelines.stores import instruments, market_data
from quantmatrix_pipelines.stores.memberships import Kept, record

PROVIDER = "file"


@dataclass(frozen=True)
class Imported:
    """What was kept of a file, and findings of the rows that could not be read or resolved."""

    kept: Kept
    findings: pl.DataFrame


def import_file(database: Database, path: Path, *, at: dt.datetime, today: dt.date) -> Imported:
    """Keeps the members a file (see docs/instruments.md) tells of; the rest become findings.

    `at` is when they were learned where the file does not say.
    """
    told = membership_file.read(path)
    known = instruments.catalogue(database)
    resolved = membered(told.rows, known, source=path.name, today=today)
    findings = pl.concat([told.findings, resolved.findings])
    rows = resolved.rows.drop("source_row", "symbol")
    kept = record(database, rows, provider=PROVIDER, learned_at=at)
    market_data.record_findings(database, findings)
    return Imported(kept, findings)
