"""The asset of the indicators."""

import dagster as dg

from quantmatrix_adapters.providers.base import Provider, names_of
from quantmatrix_engine import calendars
from quantmatrix_engine.contracts import quarantine
from quantmatrix_engine.contracts.indicators import Indicators
from quantmatrix_engine.indicators.descriptions import describe
from quantmatrix_engine.indicators.sessions import look_ahead, sampled
from quantmatrix_engine.prices import adjustment
from quantmatrix_engine.strategies import evaluate
from quantmatrix_engine.strategies import look_ahead as strategies_look_ahead
from quantmatrix_engine.strategies.standard import STANDARD
from quantmatrix_models.database import Database
from quantmatrix_pipelines import catalog, charts, checks, stretches
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
from quantmatrix_pipelines.stores import strategies as strategy_store

# So many sessions back, indicators are computed with and without the bars that came later.
_LOOK_AHEAD_SESSIONS = 20
# ... and so many back, what strategies say of them.
_STRATEGIES_LOOK_AHEAD_SESSIONS = (20, 5, 1)


def asset(window: Window) -> dg.AssetsDefinition:
    """Gives the asset over the sessions of `window`."""

    @lake_asset(
        window,
        deps=["bars", "corporate_actions"],
        metadata=catalog.described(Indicators, table="lake/indicators"),
        check_specs=[
            checks.contract("indicators", "One finite row for an instrument and session."),
            dg.AssetCheckSpec(
                "no_look_ahead",
                asset="indicators",
                blocking=True,
                description="Cutting later bars away changes no value.",
            ),
            dg.AssetCheckSpec(
                "strategies_no_look_ahead",
                asset="indicators",
                blocking=True,
                description="Cutting later bars away changes nothing that a live kind says.",
            ),
        ],
    )
    @retried
    def indicators(
        context: dg.AssetExecutionContext,
        feed: dg.ResourceParam[Provider],
        lake: dg.ResourceParam[Lake],
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
        last = sessions[-1]
        benchmark = benchmark_of(database, settings.benchmark, last)
        ids = lake.instruments("bars", last=last)
        source = Histories(lake, ids, names_of(feed), benchmark, actions)
        told = checks.Tally()
        ahead = stretches.Ahead(context, lake, "indicators")
        for stretch in ahead:
            values = source.indicators(specs, stretch)
            parted = quarantine.part(
                Indicators, values, provider=feed.name, key=("instrument_id", "session")
            )
            store.record_findings(database, parted.findings)
            lake.replace(
                "indicators",
                parted.good,
                first=stretch.first,
                last=stretch.last,
                note=stretch.note,
            )
            told.add(parted.findings, rows=values.height, bad_rows=parted.bad_rows)
        by_session = catalog.count_sessions(context, lake, "indicators")
        told.add_written_before(ahead.rows_written_before(by_session))
        earlier = calendars.sessions_before(last, _LOOK_AHEAD_SESSIONS)
        sample = source.bars(sampled(ids), last)
        seen_ahead = look_ahead(sample, specs, session=earlier, until=last, actions=actions)
        said_ahead = strategies_look_ahead.look_ahead(
            evaluate.representatives([*evaluate.default_runs(), *runs]),
            sample,
            sessions=[
                calendars.sessions_before(last, count) for count in _STRATEGIES_LOOK_AHEAD_SESSIONS
            ],
            until=last,
            actions=actions,
        )
        return dg.MaterializeResult(
            metadata=catalog.rows(
                lake.rows("indicators"),
                indicator_columns=describe(column for one in specs for column in one.columns()),
                benchmark=settings.benchmark,
                sampled_bars_beside_the_benchmark=sample.get_column("benchmark_close").count(),
                sample=catalog.table(lake.read("indicators", first=last, last=last).tail(20)),
                chart=dg.MetadataValue.md(
                    charts.sample_picture(sample, actions, last) or "No bar to draw."
                ),
            ),
            check_results=[
                told.result(),
                checks.result(
                    "no_look_ahead",
                    seen_ahead,
                    is_error=True,
                    description=f"Computed again without bars after {earlier}.",
                ),
                checks.result(
                    "strategies_no_look_ahead",
                    said_ahead,
                    is_error=True,
                    description="Judged again without the bars after "
                    f"{', '.join(map(str, _STRATEGIES_LOOK_AHEAD_SESSIONS))} sessions before.",
                ),
            ],
        )

    return indicators
