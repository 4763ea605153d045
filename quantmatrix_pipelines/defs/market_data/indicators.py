"""The asset of the indicators."""

import datetime as dt

import dagster as dg
import polars as pl

from quantmatrix_adapters.providers.base import Provider, names_of
from quantmatrix_engine import calendars
from quantmatrix_engine.contracts import gate, quarantine
from quantmatrix_engine.contracts.indicators import Indicators
from quantmatrix_engine.indicators.descriptions import describe
from quantmatrix_engine.indicators.sessions import look_ahead, of_sessions
from quantmatrix_engine.prices import adjustment
from quantmatrix_engine.prices.benchmark import with_benchmark
from quantmatrix_engine.prices.identity import resolve
from quantmatrix_engine.prices.priority import preferred
from quantmatrix_engine.strategies import evaluate
from quantmatrix_engine.strategies.standard import STANDARD
from quantmatrix_models.database import Database
from quantmatrix_pipelines import catalog, charts, checks
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.defs.market_data.lake_assets import lake_asset
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.io_managers.lake import ALL_HISTORY
from quantmatrix_pipelines.partitions import sessions_in
from quantmatrix_pipelines.retries import retried
from quantmatrix_pipelines.settings import Settings
from quantmatrix_pipelines.stores import corporate_actions as action_store
from quantmatrix_pipelines.stores import instruments as instrument_store
from quantmatrix_pipelines.stores import market_data as store
from quantmatrix_pipelines.stores import strategies as strategy_store

# So many sessions back, indicators are computed with and without the bars that came later.
_LOOK_AHEAD_SESSIONS = 20


def asset(window: Window) -> dg.AssetsDefinition:
    """Gives the asset over the sessions of `window`."""

    @lake_asset(
        window,
        ins={"bars": dg.AssetIn(metadata=ALL_HISTORY)},
        deps=["corporate_actions"],
        metadata=catalog.described(Indicators, table="lake/indicators"),
        check_specs=[
            checks.contract("indicators", "One finite row for an instrument and session."),
            dg.AssetCheckSpec(
                "no_look_ahead",
                asset="indicators",
                blocking=True,
                description="Cutting later bars away changes no value.",
            ),
        ],
    )
    @retried
    def indicators(
        context: dg.AssetExecutionContext,
        bars: pl.DataFrame,
        feed: dg.ResourceParam[Provider],
        database: dg.ResourceParam[Database],
        settings: dg.ResourceParam[Settings],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        """The standard indicators and those that some enabled strategy needs, from all bars.

        Each row is in the price basis of its own session: splits up to it are adjusted for.
        """
        sessions = sessions_in(context.partition_keys)
        runs, _ = evaluate.prepare(
            (one.id, one.kind, one.params) for one in strategy_store.enabled(database)
        )
        specs = sorted({*STANDARD, *evaluate.specs([*runs, *evaluate.default_runs()])})
        actions = adjustment.known_by(action_store.price_actions(database), clock())
        benchmark = _benchmark(database, settings.benchmark, sessions[-1])
        of_feed = with_benchmark(preferred(bars, names_of(feed)), benchmark, actions)
        values = of_sessions(of_feed, specs, first=sessions[0], last=sessions[-1], actions=actions)
        split = gate.apply(Indicators, values)
        refused = quarantine.findings(
            Indicators,
            values,
            split.failures,
            provider=feed.name,
            key=("instrument_id", "session"),
        )
        store.record_findings(database, refused)
        catalog.count_partitions(context, "indicators", catalog.by_session(split.good))
        earlier = calendars.sessions_before(sessions[-1], _LOOK_AHEAD_SESSIONS)
        ahead = look_ahead(of_feed, specs, session=earlier, until=sessions[-1], actions=actions)
        return dg.MaterializeResult(
            value=split.good,
            metadata={
                "indicator_columns": describe(values.columns),
                "benchmark": settings.benchmark,
                "bars_beside_the_benchmark": of_feed.get_column("benchmark_close").count(),
                "sample": catalog.table(values.tail(20)),
                "chart": dg.MetadataValue.md(
                    charts.sample_picture(of_feed, actions, sessions[-1]) or "No bar to draw."
                ),
            },
            check_results=[
                checks.result(
                    "contract",
                    refused,
                    is_error=checks.is_systemic(split.failing_rows, values.height),
                    description=f"{values.height:,} rows, {split.failing_rows:,} left out.",
                ),
                checks.result(
                    "no_look_ahead",
                    ahead,
                    is_error=True,
                    description=f"Computed again without bars after {earlier}.",
                ),
            ],
        )

    return indicators


def _benchmark(database: Database, symbol: str, session: dt.date) -> int | None:
    """Gives the instrument a symbol means on a session; None where it means none or several."""
    asked = pl.DataFrame(
        {"symbol": [symbol], "session": [session], "exchange": [None]},
        schema_overrides={"exchange": pl.String},
    )
    (ids,) = resolve(asked, instrument_store.catalogue(database)).get_column("instrument_ids")
    return ids[0] if len(ids) == 1 else None
