"""The asset of bars that can be used."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg
import polars as pl

from quantmatrix_adapters.providers.base import Provider, names_of
from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.bars import Bars
from quantmatrix_engine.prices import quality, screening
from quantmatrix_engine.prices.decisions import corrected
from quantmatrix_engine.prices.disagreement import disagreements
from quantmatrix_engine.prices.identity import identified
from quantmatrix_engine.prices.priority import preferred
from quantmatrix_models.database import Database
from quantmatrix_pipelines import catalog, checks, stretches
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.defs.market_data import freshness
from quantmatrix_pipelines.defs.market_data.lake_assets import lake_asset
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import sessions_in
from quantmatrix_pipelines.retries import retried
from quantmatrix_pipelines.stores import decisions
from quantmatrix_pipelines.stores import instruments as instrument_store
from quantmatrix_pipelines.stores import market_data as store
from quantmatrix_pipelines.stretches import Stretch


def asset(window: Window) -> dg.AssetsDefinition:
    """Gives the asset over the sessions of `window`."""

    @lake_asset(
        window,
        deps=["instruments", "raw_bars", "corporate_actions"],
        metadata=catalog.described(Bars, table="lake/bars"),
        check_specs=[
            checks.contract("bars", "Prices and volumes can be true, once, on a session."),
            dg.AssetCheckSpec(
                "series",
                asset="bars",
                description="No gap, silence, spike, unit, split or volume looks odd, and no two"
                " providers disagree.",
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
        feed: dg.ResourceParam[Provider],
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        """Raw bars that can be traded on, as traded, under the instrument's permanent id.

        A row that breaks a rule goes to quarantine as a finding; the others go on. What only a
        series shows is a finding, too, and its bar goes on. Findings that somebody decided, or that
        this delivery answered, are heeded.
        """
        catalogue = instrument_store.catalogue(database)
        told = checks.Tally()
        flagged = [checks.NO_FINDINGS]
        answered = 0
        ahead = stretches.Ahead(context, lake, "bars")
        for stretch in ahead:
            raw = lake.read("raw_bars", first=stretch.first, last=stretch.last)
            sorted_out = _sort_out(raw, stretch, lake, database, catalogue, names_of(feed))
            answered += decisions.close_corrected(database, sorted_out.answered, at=clock())
            store.record_findings(database, sorted_out.flagged)
            usable = sorted_out.bars
            lake.replace("bars", usable, first=stretch.first, last=stretch.last, note=stretch.note)
            flagged.append(sorted_out.flagged.drop("row"))
            told.add(sorted_out.refused, rows=raw.height, bad_rows=raw.height - usable.height)
        by_session = catalog.count_sessions(context, lake, "bars")
        told.add_written_before(ahead.rows_written_before(by_session))
        odd = pl.concat(flagged)
        last = sessions_in(context.partition_keys)[-1]
        return dg.MaterializeResult(
            metadata=catalog.rows(
                lake.rows("bars"),
                sample=catalog.table(lake.read("bars", first=last, last=last)),
                answered=answered,
            ),
            check_results=[
                told.result(),
                checks.result(
                    "series",
                    odd,
                    is_error=False,
                    description=f"{odd.height:,} things look odd in the series; no bar is left"
                    " out for it.",
                ),
                _fresh(freshness.behind(lake, catalogue, last), last),
            ],
        )

    return bars


@dataclass(frozen=True)
class _SortedOut:
    """Raw bars of some sessions, sorted out: those to use, and the findings of the others.

    `flagged` are the findings of bars that go on, `answered` the ids of open findings that these
    bars make an end of.
    """

    bars: pl.DataFrame
    refused: pl.DataFrame
    flagged: pl.DataFrame
    answered: list[int]


def _sort_out(
    raw_bars: pl.DataFrame,
    stretch: Stretch,
    lake: Lake,
    database: Database,
    catalogue: pl.DataFrame,
    order: Sequence[str],
) -> _SortedOut:
    """Applies the gate, identity and screening; records what was refused, which screening heeds.

    Of several providers' bars those of the first in `order` are screened, or of another that is not
    in it: a bar that was asked for only to compare is no series.
    """
    first, last = stretch.first, stretch.last
    inspected = quality.inspect(raw_bars, decisions.decided(database, first, last))
    known = identified(inspected.good, catalogue)
    refused = pl.concat([inspected.findings, known.findings])
    store.record_findings(database, refused)
    look_back = calendars.sessions_before(first, screening.LOOK_BACK_SESSIONS)
    history = lake.read("bars", first=look_back, last=first - dt.timedelta(days=1))
    others = {*history.get_column("provider"), *known.bars.get_column("provider")} - {*order}
    ranked = [*order, *sorted(others)]
    flags = screening.seen_in(
        preferred(history, ranked),
        preferred(known.bars, ranked),
        instrument_store.splits(database),
        first=first,
        last=last,
    )
    seen = screening.not_refused(
        screening.as_findings(flags, inspected.good, catalogue),
        store.quarantined(database, look_back, last),
    )
    flagged = pl.concat([seen, disagreements(inspected.good)])
    open_before = decisions.undecided(database, look_back, last)
    answered = corrected(open_before, inspected.good, pl.concat([refused, flagged]))
    return _SortedOut(known.bars, refused, flagged, answered)


def _fresh(behind: pl.DataFrame, session: dt.date) -> dg.AssetCheckResult:
    return checks.result(
        "fresh",
        behind,
        is_error=False,
        description=f"{behind.height:,} instruments that traded lately have no bar of {session}.",
    )
