"""The asset of what became of earlier signals."""

import datetime as dt
from collections.abc import Sequence

import dagster as dg
import polars as pl

from quantmatrix_adapters.providers.base import Provider, names_of
from quantmatrix_engine.contracts import quarantine
from quantmatrix_engine.contracts.signal_outcomes import SignalOutcomes
from quantmatrix_engine.prices import adjustment
from quantmatrix_engine.prices.priority import preferred
from quantmatrix_engine.prices.restatement import newest_known
from quantmatrix_engine.strategies.outcomes import begun, followed
from quantmatrix_models.database import Database
from quantmatrix_pipelines import catalog, checks
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import cohorts_in, sessions_in, user_partitions
from quantmatrix_pipelines.retries import retried
from quantmatrix_pipelines.stores import corporate_actions, market_data
from quantmatrix_pipelines.stores import outcomes as store


def asset(window: Window) -> dg.AssetsDefinition:
    """Gives the asset over the sessions of `window` and the cohorts."""

    @dg.asset(
        group_name="signals",
        owners=[catalog.SIGNALS_TEAM],
        kinds={"postgres", "polars"},
        partitions_def=user_partitions(window),
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=["signals", "bars", "corporate_actions"],
        metadata=catalog.described(SignalOutcomes, table="quantmatrix.public.signal_outcomes"),
        check_specs=[
            checks.contract("signal_outcomes", "Returns and prices are in order, and measured.")
        ],
    )
    @retried
    def signal_outcomes(
        context: dg.AssetExecutionContext,
        feed: dg.ResourceParam[Provider],
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        """What became of earlier signals: triggered, target hit, stopped, exited, expired.

        The stages a signal came to are only added to; its measures are those of the bars as they
        are known now. A session followed before is followed again from each signal's own session.
        """
        now: dt.datetime = clock()
        sessions, cohorts = sessions_in(context.partition_keys), cohorts_in(context.partition_keys)
        first, last = sessions[0], sessions[-1]
        known = store.followed(database, cohorts, first, last)
        waiting = begun(known, before=first)
        since, through = _span(known, waiting, last)
        outcomes, stages = followed(
            waiting,
            _bars(lake, waiting, since, through, providers=names_of(feed)),
            store.exits(database, cohorts, since, through),
            adjustment.known_by(corporate_actions.price_actions(database), now),
            through=through,
        )
        parted = quarantine.part(
            SignalOutcomes,
            outcomes.select(list(SignalOutcomes.to_schema().columns)),
            provider=feed.name,
            key=("signal_id",),
        )
        market_data.record_findings(database, parted.findings)
        kept = stages.join(parted.good.select("signal_id"), on="signal_id", how="semi")
        added = store.record(database, parted.good, kept, at=now)
        return dg.MaterializeResult(
            metadata=catalog.rows(
                store.count(database),
                followed=outcomes.height,
                ended=outcomes.filter("closed").height,
                stages=added,
                by_stage=catalog.table(_by_stage(stages)),
            ),
            check_results=[
                checks.result(
                    "contract",
                    parted.findings,
                    is_error=checks.is_systemic(parted.bad_rows, outcomes.height + 1),
                    description=f"{outcomes.height:,} followed, {parted.bad_rows:,} left out.",
                )
            ],
        )

    return signal_outcomes


def _span(known: pl.DataFrame, waiting: pl.DataFrame, last: dt.date) -> tuple[dt.date, dt.date]:
    """Gives the session to begin after and the one to end with: as far as any was followed."""
    starts, ends = (
        pl.concat([one.get_column("through_session"), pl.Series([last])]).drop_nulls().sort()
        for one in (waiting, known)
    )
    return starts.item(0), ends.item(-1)


def _bars(
    lake: Lake,
    waiting: pl.DataFrame,
    since: dt.date,
    last: dt.date,
    *,
    providers: Sequence[str],
) -> pl.DataFrame:
    """Gives the bars as traded of the instruments that are waited for, as they are known now."""
    concerned = pl.col("instrument_id").is_in(
        waiting.get_column("instrument_id").unique().implode()
    )
    bars = lake.read("bars", first=since, last=last, keep=concerned)
    return newest_known(preferred(bars, providers)) if bars.height else bars


def _by_stage(stages: pl.DataFrame) -> pl.DataFrame:
    counted = stages.group_by("session", "stage").len("signals")
    return counted.sort("session", "signals", "stage", descending=[True, True, False])
