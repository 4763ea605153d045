"""The asset of the indicators."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dagster as dg
import polars as pl

from quantmatrix_adapters.providers.base import Provider, names_of
from quantmatrix_engine import calendars
from quantmatrix_engine.contracts import quarantine
from quantmatrix_engine.contracts.indicators import Indicators
from quantmatrix_engine.indicators.base import Spec
from quantmatrix_engine.indicators.descriptions import describe
from quantmatrix_engine.indicators.sessions import look_ahead, of_sessions, sampled
from quantmatrix_engine.prices import adjustment
from quantmatrix_engine.prices.benchmark import with_benchmark
from quantmatrix_engine.prices.identity import resolve
from quantmatrix_engine.prices.priority import preferred
from quantmatrix_engine.strategies import evaluate
from quantmatrix_engine.strategies.standard import STANDARD
from quantmatrix_models.database import Database
from quantmatrix_pipelines import catalog, charts, checks, stretches
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.defs.market_data.lake_assets import lake_asset
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import sessions_in
from quantmatrix_pipelines.retries import retried
from quantmatrix_pipelines.settings import Settings
from quantmatrix_pipelines.stores import corporate_actions as action_store
from quantmatrix_pipelines.stores import instruments as instrument_store
from quantmatrix_pipelines.stores import market_data as store
from quantmatrix_pipelines.stores import strategies as strategy_store
from quantmatrix_pipelines.stretches import Stretch

# So many sessions back, indicators are computed with and without the bars that came later.
_LOOK_AHEAD_SESSIONS = 20
# So many bars of history are in memory at a time.
_BARS_AT_ONCE = 6_000_000


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
        benchmark = _benchmark(database, settings.benchmark, last)
        ids = lake.instruments("bars", last=last)
        source = _Source(lake, ids, names_of(feed), benchmark, actions)
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
            ],
        )

    return indicators


@dataclass(frozen=True)
class _Source:
    """Bars of the feed beside the benchmark's, of some of the `instruments` at a time."""

    lake: Lake
    instruments: Sequence[int]
    providers: Sequence[str]
    benchmark: int | None
    actions: pl.DataFrame

    def bars(self, instruments: Sequence[int], last: dt.date) -> pl.DataFrame:
        """Gives all history of some instruments up to the session `last`, every vintage."""
        asked = [*instruments, *([] if self.benchmark is None else [self.benchmark])]
        read = self.lake.read("bars", last=last, keep=pl.col("instrument_id").is_in(asked))
        both = with_benchmark(preferred(read, self.providers), self.benchmark, self.actions)
        return both.filter(pl.col("instrument_id").is_in(list(instruments)))

    def indicators(self, specs: Sequence[Spec], stretch: Stretch) -> pl.DataFrame:
        """Gives the indicators of a stretch, computed of one group of instruments after another."""
        ends = {"first": stretch.first, "last": stretch.last}
        return pl.concat(
            of_sessions(self.bars(group, stretch.last), specs, **ends, actions=self.actions)
            for group in self._groups(stretch.last)
        )

    def _groups(self, last: dt.date) -> Iterator[Sequence[int]]:
        """Gives the instruments in groups whose history memory can hold; an empty one for none."""
        known = self.lake.sessions("bars")
        history = len(calendars.sessions(known[0], last)) if known else 1
        size = max(1, _BARS_AT_ONCE // history)
        for start in range(0, max(1, len(self.instruments)), size):
            yield self.instruments[start : start + size]


def _benchmark(database: Database, symbol: str, session: dt.date) -> int | None:
    """Gives the instrument a symbol means on a session; None where it means none or several."""
    asked = pl.DataFrame(
        {"symbol": [symbol], "session": [session], "exchange": [None]},
        schema_overrides={"exchange": pl.String},
    )
    (ids,) = resolve(asked, instrument_store.catalogue(database)).get_column("instrument_ids")
    return ids[0] if len(ids) == 1 else None
