"""Bars as delivered, bars that can be used, and the indicators of them."""

import datetime as dt

import dagster as dg
import polars as pl

from quantmatrix_adapters.providers.base import Provider
from quantmatrix_engine import calendars
from quantmatrix_engine.contracts import gate, quarantine
from quantmatrix_engine.contracts.bars import Bars
from quantmatrix_engine.contracts.raw_bars import RawBars
from quantmatrix_engine.prices import coverage, quality, screening
from quantmatrix_engine.prices.decisions import corrected
from quantmatrix_engine.prices.identity import identified
from quantmatrix_engine.prices.restatement import unseen
from quantmatrix_models.database import Database
from quantmatrix_pipelines import catalog, checks
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.defs.market_data import corporate_actions, indicators, market_snapshots
from quantmatrix_pipelines.defs.market_data.lake_assets import lake_asset
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.io_managers.lake import APPENDS
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import sessions_in
from quantmatrix_pipelines.retries import retried
from quantmatrix_pipelines.stores import decisions
from quantmatrix_pipelines.stores import instruments as instrument_store
from quantmatrix_pipelines.stores import market_data as store


def assets(window: Window) -> list[dg.AssetsDefinition]:
    """Gives the market data assets over the sessions of `window`."""

    @lake_asset(
        window,
        metadata=catalog.described(RawBars, table="lake/raw_bars", **APPENDS),
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
        value.
        """
        sessions = sessions_in(context.partition_keys)
        now = clock()
        delivery = feed.daily_bars(sessions[0], sessions[-1], known_at=now)
        split = gate.apply(RawBars, delivery.bars)
        delivered = split.good
        known = lake.read("raw_bars", first=sessions[0], last=sessions[-1])
        new = unseen(delivered, known)
        refused = quarantine.findings(
            RawBars, delivery.bars, split.failures, provider=feed.name, key=("symbol", "session")
        )
        findings = pl.concat([delivery.findings, refused])
        store.record_findings(database, findings)
        store.record_fetch(
            database, _fetch(feed, sessions, delivered, new, at=now, run_id=context.run.run_id)
        )
        context.log.info("%s: %d bars, %d of them new", feed.name, delivered.height, new.height)
        catalog.count_partitions(context, "raw_bars", catalog.by_session(pl.concat([known, new])))
        bad = findings.select("source", "source_row").n_unique()
        return dg.MaterializeResult(
            value=new,
            metadata={"delivered": delivered.height, "new": new.height},
            check_results=[
                checks.contract_result(findings, rows=delivered.height + bad, bad_rows=bad)
            ],
        )

    @lake_asset(
        window,
        deps=["instruments", "corporate_actions"],
        metadata=catalog.described(Bars, table="lake/bars"),
        check_specs=[
            checks.contract("bars", "Prices and volumes can be true, once, on a session."),
            dg.AssetCheckSpec(
                "series",
                asset="bars",
                description="No gap, silence, spike, unit, split or volume looks odd.",
            ),
            dg.AssetCheckSpec(
                "fresh",
                asset="bars",
                description="Every instrument that traded lately has a bar of the newest session.",
            ),
        ],
    )
    @retried
    def bars(
        context: dg.AssetExecutionContext,
        raw_bars: pl.DataFrame,
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        """Raw bars that can be traded on, as traded, under the instrument's permanent id.

        A row that breaks a rule goes to quarantine as a finding; the others go on. What only a
        series shows is a finding, too, and its bar goes on. Findings that somebody decided, or that
        this delivery answered, are heeded.
        """
        first, last = _ends(context)
        inspected = quality.inspect(raw_bars, decisions.decided(database, first, last))
        catalogue = instrument_store.catalogue(database)
        known = identified(inspected.good, catalogue)
        refused = pl.concat([inspected.findings, known.findings])
        store.record_findings(database, refused)
        look_back = calendars.sessions_before(first, screening.LOOK_BACK_SESSIONS)
        history = lake.read("bars", first=look_back, last=first - dt.timedelta(days=1))
        flags = screening.seen_in(
            history,
            known.bars,
            instrument_store.splits(database),
            first=first,
            last=last,
        )
        flagged = screening.not_refused(
            screening.as_findings(flags, inspected.good, catalogue),
            store.quarantined(database, look_back, last),
        )
        open_before = decisions.undecided(database, look_back, last)
        found = pl.concat([refused, flagged])
        answered = corrected(open_before, inspected.good, found)
        decisions.close_corrected(database, answered, at=clock())
        store.record_findings(database, flagged)
        catalog.count_partitions(context, "bars", catalog.by_session(known.bars))
        return dg.MaterializeResult(
            value=known.bars,
            metadata={"sample": catalog.table(known.bars), "answered": len(answered)},
            check_results=[
                checks.contract_result(
                    refused, rows=raw_bars.height, bad_rows=raw_bars.height - known.bars.height
                ),
                checks.result(
                    "series",
                    flagged,
                    is_error=False,
                    description=f"{flagged.height:,} things look odd in the series; no bar is left"
                    " out for it.",
                ),
                _fresh(pl.concat([history, known.bars]), catalogue, last),
            ],
        )

    return [
        raw_bars,
        corporate_actions.asset(window),
        bars,
        indicators.asset(window),
        market_snapshots.asset(window),
    ]


def _fresh(bars: pl.DataFrame, catalogue: pl.DataFrame, session: dt.date) -> dg.AssetCheckResult:
    """Says which instruments that traded lately have no bar of a session."""
    behind = coverage.late(coverage.coverage(bars, catalogue, session)).drop_nulls("last_session")
    return checks.result(
        "fresh",
        behind,
        is_error=False,
        description=f"{behind.height:,} instruments that traded lately have no bar of {session}.",
    )


def _ends(context: dg.AssetExecutionContext) -> tuple[dt.date, dt.date]:
    sessions = sessions_in(context.partition_keys)
    return sessions[0], sessions[-1]


def _fetch(
    feed: Provider,
    sessions: list[dt.date],
    delivered: pl.DataFrame,
    new: pl.DataFrame,
    *,
    at: dt.datetime,
    run_id: str,
) -> dict[str, object]:
    return {
        "provider": feed.name,
        "version": feed.version(),
        "first_session": sessions[0],
        "last_session": sessions[-1],
        "bars": delivered.height,
        "new_bars": new.height,
        "fetched_at": at,
        "dagster_run_id": run_id,
    }
