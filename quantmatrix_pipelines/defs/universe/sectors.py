"""A file of sectors, on its way into the database."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from quantmatrix_adapters.listings import sector_file
from quantmatrix_engine.prices.membership import membered
from quantmatrix_models.database import Database
from quantmatrix_pipelines.stores import classifications, instruments, market_data

PROVIDER = "file"


@dataclass(frozen=True)
class Imported:
    """How many rows of a file were new, and findings of those that could not be resolved."""

    added: int
    findings: pl.DataFrame


def import_file(database: Database, path: Path, *, today: dt.date) -> Imported:
    """Keeps the sectors a file (see docs/instruments.md) tells of; the rest become findings."""
    told = sector_file.read(path)
    known = instruments.catalogue(database)
    resolved = membered(told.rows, known, source=path.name, today=today)
    findings = pl.concat([told.findings, resolved.findings])
    rows = resolved.rows.select(
        "instrument_id", "scheme", "sector", "industry", "valid_from", "valid_to"
    )
    added = classifications.record(database, rows, provider=PROVIDER)
    market_data.record_findings(database, findings)
    return Imported(added, findings)
