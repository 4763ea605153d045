"""The asset of the indicators of intraday bars."""

import datetime as dt
from collections.abc import Mapping

import dagster as dg
import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts import quarantine
from quantmatrix_engine.contracts.intraday_indicators import IntradayIndicators
from quantmatrix_engine.indicators.descriptions import describe
from quantmatrix_engine.indicators.intraday import look_ahead
from quantmatrix_engine.indicators.sessions import sampled
from quantmatrix_engine.prices import adjustment
from quantmatrix_engine.prices.intraday_quality import without_session
from quantmatrix_engine.strategies.standard import INTRADAY
from quantmatrix_models.database import Database
from quantmatrix_pipelines import catalog, checks, stretches
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.defs.market_data.intraday_histories import IntradayHistories
from quantmatrix_pipelines.defs.market_data.intraday_parts import ROWS_AT_ONCE
from quantmatrix_pipelines.defs.market_data.intraday_retention import retention
from quantmatrix_pipelines.defs.market_data.lake_assets import lake_asset
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import sessions_in
from quantmatrix_pipelines.portions import portions
from quantmatrix_pipelines.retries import retried
from quantmatrix_pipelines.settings import Settings
from quantmatrix_pipelines.stores import corporate_actions as action_store
from quantmatrix_pipelines.stores import market_data as store
from quantmatrix_pipelines.stretches import Stretch

TABLE = "intraday_indicators"
NO_BARS = "There is no intraday bar of these sessions: no rows to write."
COLUMNS = tuple(column for one in INTRADAY for column in one.columns())
_KEY = ("instrument_id", "interval", "starts_at")
_A_MONTH = 1


def asset(window: Window) -> dg.AssetsDefinition:
    """Gives the asset over the sessions of `window`."""

    @lake_asset(
        window,
        pool="intraday",
        deps=["intraday_bars", "corporate_actions"],
        metadata=catalog.described(
            IntradayIndicators, table=f"lake/{TABLE}", measures=describe(COLUMNS)
        ),
        check_specs=[
            dg.AssetCheckSpec(
                "contract",
                asset=TABLE,
                description="One finite row for an instrument, interval and start.",
            ),
            dg.AssetCheckSpec(
                "no_look_ahead",
                asset=TABLE,
                description="Cutting the second half of a session away changes nothing before it.",
            ),
        ],
    )
    @retried
    def intraday_indicators(
        context: dg.AssetExecutionContext,
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
        settings: dg.ResourceParam[Settings],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        """Indicators of the bars of five minutes and of hours, each from those of its interval in
        the sessions up to its own; VWAP from the session's first bar on.

        Prices of earlier sessions are adjusted for the splits up to the session. Rows are kept as
        long as the bars, and taken away when the run has written. No signal rests on them.
        """
        sessions = sessions_in(context.partition_keys)
        keeps = retention(settings, lake, sessions[-1])
        first = max(sessions[0], keeps.first)
        counts = lake.rows_by_session("intraday_bars", first=first, last=sessions[-1])
        actions = adjustment.known_by(action_store.price_actions(database), clock())
        source = IntradayHistories(lake, settings.intraday_names, actions)
        told = checks.Tally()
        ahead = stretches.Ahead(context, lake, TABLE, months=_A_MONTH)
        for stretch in ahead if counts else ():
            for part in _parts(stretch, counts):
                rows = pl.concat(source.indicators(INTRADAY, one) for one in part)
                parted = quarantine.part(IntradayIndicators, rows, provider="intraday", key=_KEY)
                store.record_findings(database, without_session(parted.findings))
                note = stretch.note if part[-1] == stretch.last else None
                lake.replace(TABLE, parted.good, first=part[0], last=part[-1], note=note)
                told.add(parted.findings, rows=rows.height, bad_rows=parted.bad_rows)
        kept = keeps.forget(lake, TABLE)
        by_session = catalog.count_sessions(context, lake, TABLE)
        told.add_written_before(ahead.rows_written_before(by_session))
        return dg.MaterializeResult(
            metadata=catalog.rows(
                lake.rows(TABLE),
                sample=catalog.table(lake.read(TABLE, first=sessions[-1], last=sessions[-1])),
                **kept,
                **({} if counts else {"why": NO_BARS}),
            ),
            check_results=[told.result(), _no_look_ahead(source, max(counts))]
            if counts
            else checks.nothing_to_check(NO_BARS, "contract", "no_look_ahead"),
        )

    return intraday_indicators


def _parts(stretch: Stretch, counts: Mapping[dt.date, int]) -> list[list[dt.date]]:
    """Gives the sessions of a stretch as they are written together: as many as have so many bars.

    Those without any are among them, so that no row of an earlier run stays.
    """
    of_stretch = calendars.sessions(stretch.first, stretch.last)
    return list(portions({one: counts.get(one, 0) for one in of_stretch}, most=ROWS_AT_ONCE))


def _no_look_ahead(source: IntradayHistories, session: dt.date) -> dg.AssetCheckResult:
    bars = source.bars(sampled(source.instruments(session)), session)
    return checks.result(
        "no_look_ahead",
        look_ahead(bars, INTRADAY, session=session, actions=source.actions),
        is_error=True,
        description=f"Computed again without the later bars of {session}.",
    )
