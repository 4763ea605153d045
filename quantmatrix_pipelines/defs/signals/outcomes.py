"""The asset of what became of earlier signals."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg
import polars as pl

from quantmatrix_adapters.providers.base import Provider, names_of
from quantmatrix_engine.contracts import quarantine
from quantmatrix_engine.contracts.findings import UserFindings
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
from quantmatrix_pipelines.portions import portions
from quantmatrix_pipelines.retries import retried
from quantmatrix_pipelines.stores import corporate_actions, market_data
from quantmatrix_pipelines.stores import outcomes as store

SIGNALS_AT_ONCE = 500_000
"""How many signals are followed together, of as many cohorts as have them; a gibibyte."""


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
        actions = adjustment.known_by(corporate_actions.price_actions(database), now)
        to_follow = store.to_follow(database, cohorts, first, last)
        done = [
            _follow(Inputs(feed, lake, database, actions), portion, first, last, at=now)
            for portion in portions(to_follow, most=SIGNALS_AT_ONCE)
        ]
        signals, bad = sum(one.signals for one in done), sum(one.bad for one in done)
        return dg.MaterializeResult(
            metadata=catalog.rows(
                store.count(database),
                followed=signals,
                ended=sum(one.ended for one in done),
                stages=sum(one.added for one in done),
                by_stage=catalog.table(_by_stage([one.by_stage for one in done])),
            ),
            check_results=[
                checks.result(
                    "contract",
                    pl.concat([UserFindings.empty(), *(one.findings for one in done)]),
                    is_error=checks.is_systemic(bad, signals + 1),
                    description=f"{signals:,} followed, {bad:,} left out.",
                )
            ],
        )

    return signal_outcomes


@dataclass(frozen=True)
class Inputs:
    """What signals are followed by: bars of the lake, their feed, and the actions known."""

    feed: Provider
    lake: Lake
    database: Database
    actions: pl.DataFrame


@dataclass(frozen=True)
class Portion:
    """What came of a portion: how many signals were followed, ended and left out (`bad`).

    `added` is the number of stages that were not there before, `by_stage` of signals by session
    and stage; `findings` say why any was left out.
    """

    signals: int
    ended: int
    added: int
    bad: int
    by_stage: pl.DataFrame
    findings: pl.DataFrame


def _follow(
    inputs: Inputs, cohorts: Sequence[int], first: dt.date, last: dt.date, *, at: dt.datetime
) -> Portion:
    """Follows the signals of some cohorts through the sessions, and records what came of them."""
    known = store.followed(inputs.database, cohorts, first, last)
    waiting = begun(known, before=first)
    since, through = _span(known, waiting, last)
    outcomes, stages = followed(
        waiting,
        _bars(inputs, waiting, since, through),
        store.exits(inputs.database, cohorts, since, through),
        inputs.actions,
        through=through,
    )
    parted = quarantine.part(
        SignalOutcomes,
        outcomes.select(list(SignalOutcomes.to_schema().columns)),
        provider=inputs.feed.name,
        key=("signal_id",),
    )
    market_data.record_findings(inputs.database, parted.findings)
    kept = stages.join(parted.good.select("signal_id"), on="signal_id", how="semi")
    added = store.record(inputs.database, parted.good, kept, at=at)
    ended = outcomes.filter("closed").height
    counted = stages.group_by("session", "stage").len("signals")
    return Portion(outcomes.height, ended, added, parted.bad_rows, counted, parted.findings)


def _span(known: pl.DataFrame, waiting: pl.DataFrame, last: dt.date) -> tuple[dt.date, dt.date]:
    """Gives the session to begin after and the one to end with: as far as any was followed."""
    starts, ends = (
        pl.concat([one.get_column("through_session"), pl.Series([last])]).drop_nulls().sort()
        for one in (waiting, known)
    )
    return starts.item(0), ends.item(-1)


def _bars(inputs: Inputs, waiting: pl.DataFrame, since: dt.date, last: dt.date) -> pl.DataFrame:
    """Gives the bars as traded of the instruments that are waited for, as they are known now."""
    concerned = pl.col("instrument_id").is_in(
        waiting.get_column("instrument_id").unique().implode()
    )
    bars = inputs.lake.read("bars", first=since, last=last, keep=concerned)
    return newest_known(preferred(bars, names_of(inputs.feed))) if bars.height else bars


def _by_stage(counted: Sequence[pl.DataFrame]) -> pl.DataFrame:
    if not counted:
        return pl.DataFrame(schema={"session": pl.Date, "stage": pl.String, "signals": pl.Int64})
    summed = pl.concat(counted).group_by("session", "stage").agg(pl.col("signals").sum())
    return summed.sort("session", "signals", "stage", descending=[True, True, False])
