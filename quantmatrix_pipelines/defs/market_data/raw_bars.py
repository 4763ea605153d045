"""The asset of bars as they were delivered."""

import datetime as dt
import time

import dagster as dg
import polars as pl

from quantmatrix_adapters.providers.base import Delivery, Provider
from quantmatrix_engine.contracts import quarantine
from quantmatrix_engine.contracts.raw_bars import RawBars
from quantmatrix_engine.errors import HttpError, ProviderError
from quantmatrix_engine.prices.restatement import unseen
from quantmatrix_models.database import Database
from quantmatrix_models.market_data import FetchStatus
from quantmatrix_pipelines import catalog, checks, stretches
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.defs.market_data.lake_assets import lake_asset
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.retries import retried
from quantmatrix_pipelines.stores import market_data as store
from quantmatrix_pipelines.stretches import Stretch


def asset(window: Window) -> dg.AssetsDefinition:
    """Gives the asset over the sessions of `window`."""

    @lake_asset(
        window,
        metadata=catalog.described(RawBars, table="lake/raw_bars"),
        check_specs=[
            checks.contract(
                "raw_bars", "Every row delivered can be read as dates and numbers; some arrived."
            )
        ],
    )
    @retried
    def raw_bars(
        context: dg.AssetExecutionContext,
        feed: dg.ResourceParam[Provider],
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        """Daily bars as the provider said them, never changed: a restatement is a further row.

        A row that cannot be read or breaks the contract is a finding, with file, row, column and
        value. A provider that fails is in `provider_fetches` with its error.
        """
        told = checks.Tally()
        delivered = new = 0
        # A provider asked symbol by symbol is asked once a year of a backfill.
        ahead = stretches.Ahead(context, lake, "raw_bars", months=stretches.A_YEAR)
        for stretch in ahead:
            at = clock()
            delivery, asked = _fetch(feed, stretch, database, at, context.run.run_id)
            parted = quarantine.part(
                RawBars, delivery.bars, provider=feed.name, key=("symbol", "session")
            )
            known = lake.read("raw_bars", first=stretch.first, last=stretch.last)
            unknown = unseen(parted.good, known)
            findings = pl.concat([delivery.findings, parted.findings])
            store.record_delivered(database, findings, at=at)
            counted = {"bars": parted.good.height, "new_bars": unknown.height}
            store.record_fetch(database, {**asked, **counted})
            lake.append("raw_bars", unknown, note=stretch.note)
            bad = findings.select("source", "source_row").n_unique()
            told.add(findings, rows=parted.good.height + bad, bad_rows=bad)
            delivered, new = delivered + parted.good.height, new + unknown.height
        context.log.info("%s: %d bars, %d of them new", feed.name, delivered, new)
        by_session = catalog.count_sessions(context, lake, "raw_bars")
        told.add_written_before(ahead.rows_written_before(by_session))
        return dg.MaterializeResult(
            metadata=catalog.rows(lake.rows("raw_bars"), delivered=delivered, new=new),
            check_results=[told.result()],
        )

    return raw_bars


def _fetch(
    feed: Provider, stretch: Stretch, database: Database, at: dt.datetime, run_id: str
) -> tuple[Delivery, dict[str, object]]:
    """Gives what the provider answers, and the row of `provider_fetches` without its counts.

    Where it fails, the row is recorded with the error, and the error goes on.
    """
    asked = {
        "provider": feed.name,
        "version": feed.version(),
        "first_session": stretch.first,
        "last_session": stretch.last,
        "fetched_at": at,
        "dagster_run_id": run_id,
    }
    began = time.monotonic()
    try:
        delivery = feed.daily_bars(stretch.first, stretch.last, known_at=at)
    except (ProviderError, HttpError) as error:
        failed = {"status": FetchStatus.FAILED.value, "error": str(error), "bars": 0, "new_bars": 0}
        store.record_fetch(database, {**asked, **failed, "duration_ms": _since(began)})
        raise
    return delivery, {**asked, "duration_ms": _since(began)}


def _since(began: float) -> int:
    """Gives the milliseconds since a moment of the monotonic clock."""
    return round((time.monotonic() - began) * 1000)
