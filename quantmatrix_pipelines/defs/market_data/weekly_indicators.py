"""The asset of the indicators of weekly bars."""

import datetime as dt
from collections.abc import Sequence

import dagster as dg

from quantmatrix_adapters.providers.base import Provider, names_of
from quantmatrix_engine import calendars
from quantmatrix_engine.contracts import quarantine
from quantmatrix_engine.contracts.weekly_indicators import WeeklyIndicators
from quantmatrix_engine.indicators.descriptions import describe
from quantmatrix_engine.indicators.sessions import look_ahead, sampled
from quantmatrix_engine.indicators.weeks import of_weeks
from quantmatrix_engine.prices import adjustment
from quantmatrix_engine.prices.resampling import week_ends
from quantmatrix_engine.strategies.standard import WEEKLY
from quantmatrix_models.database import Database
from quantmatrix_pipelines import catalog, checks, stretches
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.defs.market_data.histories import Histories, benchmark_of
from quantmatrix_pipelines.defs.market_data.lake_assets import lake_asset
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import sessions_in
from quantmatrix_pipelines.retries import retried
from quantmatrix_pipelines.settings import Settings
from quantmatrix_pipelines.stores import corporate_actions as action_store
from quantmatrix_pipelines.stores import market_data as store

TABLE = "weekly_indicators"
NO_WEEK_ENDS = "None of these sessions is the last of its week on the exchange: no rows to write."
COLUMNS = tuple(column for one in WEEKLY for column in one.columns())
# So long back, indicators are computed with and without the bars that came later.
_LOOK_AHEAD = dt.timedelta(weeks=4)


def asset(window: Window) -> dg.AssetsDefinition:
    """Gives the asset over the sessions of `window`."""

    @lake_asset(
        window,
        # The chain of the next session does not wait for it.
        pool="weeks",
        deps=["bars", "corporate_actions"],
        metadata=catalog.described(
            WeeklyIndicators, table=f"lake/{TABLE}", measures=describe(COLUMNS)
        ),
        check_specs=[
            dg.AssetCheckSpec(
                "contract",
                asset=TABLE,
                description="One finite row for an instrument and week that is over.",
            ),
            dg.AssetCheckSpec(
                "no_look_ahead",
                asset=TABLE,
                description="Cutting later bars away changes no value of a week.",
            ),
        ],
    )
    @retried
    def weekly_indicators(
        context: dg.AssetExecutionContext,
        feed: dg.ResourceParam[Provider],
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
        settings: dg.ResourceParam[Settings],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        """Indicators of weekly bars, which are made of all daily ones, for weeks that are over.

        A week ends on its last session on the exchange, and its row stands at that session; other
        sessions have none, and nothing is read for them. Each row is in the price basis of its own
        session: splits up to it are adjusted for. No signal rests on it.
        """
        ends = week_ends(sessions_in(context.partition_keys))
        if not ends:
            return _of_no_week(context, lake)
        actions = adjustment.known_by(action_store.price_actions(database), clock())
        benchmark = benchmark_of(database, settings.benchmark, ends[-1])
        ids = lake.instruments("bars", last=ends[-1])
        source = Histories(lake, ids, names_of(feed), benchmark, actions)
        told = checks.Tally()
        ahead = stretches.Ahead(context, lake, TABLE, months=stretches.A_YEAR)
        for stretch in ahead:
            values = source.weekly_indicators(WEEKLY, stretch)
            parted = quarantine.part(
                WeeklyIndicators, values, provider=feed.name, key=("instrument_id", "session")
            )
            store.record_findings(database, parted.findings)
            ends_of = {"first": stretch.first, "last": stretch.last}
            lake.replace(TABLE, parted.good, **ends_of, note=stretch.note)
            told.add(parted.findings, rows=values.height, bad_rows=parted.bad_rows)
        by_session = catalog.count_sessions(context, lake, TABLE)
        told.add_written_before(ahead.rows_written_before(by_session))
        return dg.MaterializeResult(
            metadata=catalog.rows(
                lake.rows(TABLE),
                weeks=len(ends),
                newest_week=str(ends[-1]),
                benchmark=settings.benchmark,
                sample=catalog.table(lake.read(TABLE, first=ends[-1], last=ends[-1])),
            ),
            check_results=[told.result(), *_no_look_ahead(source, ids, ends[-1])],
        )

    return weekly_indicators


def _of_no_week(context: dg.AssetExecutionContext, lake: Lake) -> dg.MaterializeResult:
    """Says that there is nothing to do; the lake is asked for the number of its rows alone."""
    catalog.count_partitions(context, TABLE, {})
    return dg.MaterializeResult(
        metadata=catalog.rows(lake.rows(TABLE), weeks=0, why=NO_WEEK_ENDS),
        check_results=checks.nothing_to_check(NO_WEEK_ENDS, "contract", "no_look_ahead"),
    )


def _no_look_ahead(
    source: Histories, instruments: Sequence[int], last: dt.date
) -> list[dg.AssetCheckResult]:
    known = source.lake.sessions("bars")
    begun = max(known[0] if known else last, last - 2 * _LOOK_AHEAD)
    until = last - _LOOK_AHEAD
    ends = week_ends(calendars.sessions(begun, until)) if begun <= until else []
    if not ends:
        reason = f"No week ended by {until}: nothing compared."
        return checks.nothing_to_check(reason, "no_look_ahead")
    earlier = ends[-1]
    sample = source.bars(sampled(instruments), last)
    seen = look_ahead(
        sample, WEEKLY, session=earlier, until=last, actions=source.actions, of=of_weeks
    )
    return [
        checks.result(
            "no_look_ahead",
            seen,
            is_error=True,
            description=f"Computed again without bars after {earlier}.",
        )
    ]
