"""Splits and dividends: what the sources report, and what of it is believed."""

import datetime as dt
from collections.abc import Sequence
from functools import partial

import dagster as dg
import polars as pl

from quantmatrix_adapters.listings import action_file
from quantmatrix_adapters.providers.base import (
    ActionDelivery,
    CorporateActionProvider,
    Provider,
)
from quantmatrix_engine import calendars
from quantmatrix_engine.contracts import quarantine
from quantmatrix_engine.contracts.bars import Bars
from quantmatrix_engine.contracts.corporate_actions import PriceActions
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.raw_actions import RawActionKind, RawActions
from quantmatrix_engine.contracts.shape import types_of
from quantmatrix_engine.prices import quality
from quantmatrix_engine.prices.confirmation import judged, together
from quantmatrix_engine.prices.identity import identified, identified_actions
from quantmatrix_engine.vocabulary import FetchKind, FindingRule, Severity
from quantmatrix_models.database import Database
from quantmatrix_pipelines import catalog, checks, stretches
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.defs.market_data import fetches
from quantmatrix_pipelines.defs.market_data.fetches import Answered, Question
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import sessions_in, shared_partitions
from quantmatrix_pipelines.retries import retried
from quantmatrix_pipelines.settings import Settings
from quantmatrix_pipelines.stores import corporate_actions as store
from quantmatrix_pipelines.stores import decisions, market_data
from quantmatrix_pipelines.stores import instruments as instrument_store

# The closes around an ex-date are no further away, or they say nothing of the action.
_SESSIONS_BESIDE = 10
_RAW_ACTIONS = pl.DataFrame(schema=types_of(RawActions))
_FINDINGS = Findings.empty().schema


def asset(window: Window) -> dg.AssetsDefinition:
    """Gives the asset of corporate actions over the sessions of `window`, by ex-date."""

    @dg.asset(
        group_name="market_data",
        owners=[catalog.DATA_TEAM],
        kinds={"postgres", "polars"},
        partitions_def=shared_partitions(window),
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool="lake",
        deps=["instruments", "raw_bars"],
        metadata=catalog.described(PriceActions, table="quantmatrix.public.corporate_actions"),
        check_specs=[
            checks.contract(
                "corporate_actions", "A split has a ratio, a dividend an amount; symbols are known."
            ),
            dg.AssetCheckSpec(
                "confirmed",
                asset="corporate_actions",
                description="Every split is confirmed by a second source or by the price.",
            ),
        ],
    )
    @retried
    def corporate_actions(
        context: dg.AssetExecutionContext,
        feed: dg.ResourceParam[Provider],
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
        settings: dg.ResourceParam[Settings],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        """Splits and dividends by ex-date; what nobody confirms is kept, shown and not applied.

        An action counts from the moment two sources said the same, or the price showed it. A
        restatement is a further row. `quantmatrix actions` lists, confirms and rejects them.
        """
        sessions = sessions_in(context.partition_keys)
        first, last = sessions[0], sessions[-1]
        at = clock()
        question = Question(FetchKind.CORPORATE_ACTIONS, first, last, at, context.run.run_id)
        told, fetched = _told(feed, settings, database, question)
        catalogue = instrument_store.catalogue(database)
        parted = quarantine.part(RawActions, told.actions, provider=feed.name, key=_KEY)
        known = identified_actions(parted.good, catalogue)
        refused = pl.concat([told.findings, parted.findings, known.findings])
        market_data.record_delivered(database, refused, at=at)
        rows = pl.struct(parted.good.columns).struct.json_encode()
        of_feed, added = _record(database, known.actions.with_columns(row=rows), settings)
        if fetched is not None:
            fetches.record(database, fetched, fetched.answer.actions, of_feed)
        seen = pl.concat(
            _judged(lake, catalogue, store.reported(database, one.first, one.last), sessions)
            for one in stretches.split(sessions, months=stretches.A_QUARTER)
        )
        confirmed = store.believe(database, seen.select("id", "confirmed_at", "reason"))
        doubted = _doubted(seen, catalogue)
        _settle(database, doubted, first, last, at=clock())
        waiting = seen.filter(pl.col("confirmed_at").is_null(), pl.col("status") == "quarantined")
        by_date = seen.group_by(session="ex_date").len()
        counts = {str(day): rows for day, rows in by_date.iter_rows()}
        catalog.count_partitions(context, "corporate_actions", counts)
        return dg.MaterializeResult(
            metadata=catalog.rows(
                store.count(database),
                reported=told.actions.height,
                added=added,
                newly_confirmed=confirmed,
                in_quarantine=catalog.table(waiting),
            ),
            check_results=[
                checks.result(
                    "contract",
                    refused,
                    is_error=parted.good.is_empty() and not told.actions.is_empty(),
                    description=f"{told.actions.height:,} actions reported,"
                    f" {refused.height:,} of them not usable.",
                ),
                checks.result(
                    "confirmed",
                    doubted,
                    is_error=False,
                    description=f"{waiting.height:,} actions wait for a second source,"
                    f" {doubted.height:,} of them splits.",
                ),
            ],
        )

    return corporate_actions


_KEY = ("symbol", "ex_date", "kind")


def _told(
    feed: Provider, settings: Settings, database: Database, question: Question
) -> tuple[ActionDelivery, Answered[ActionDelivery] | None]:
    """Gives what the feed and the file of actions say of the ex-dates asked for.

    Beside it what the feed alone answered; None where it is not asked.
    """
    told = [ActionDelivery(_RAW_ACTIONS, pl.DataFrame(schema=_FINDINGS))]
    fetched = None
    if isinstance(feed, CorporateActionProvider):
        fetched = fetches.answered(database, feed, question, partial(_reported, feed, question))
        reported = fetched.answer
        told.append(ActionDelivery(together(reported.actions), reported.findings))
    if settings.actions is not None:
        told.append(action_file.read(settings.actions, asked_at=question.at))
    actions = pl.concat([one.actions for one in told])
    of_question = pl.col("ex_date").is_between(question.first, question.last)
    found = pl.concat([one.findings for one in told])
    return ActionDelivery(actions.filter(of_question), found), fetched


def _reported(feed: CorporateActionProvider, question: Question) -> ActionDelivery:
    return feed.corporate_actions(question.first, question.last, known_at=question.at)


def _record(
    database: Database, actions: pl.DataFrame, settings: Settings
) -> tuple[pl.DataFrame, int]:
    """Keeps what is new of identified actions; gives what was new of the feed, and how many in all.

    Those of the file bear its name as their source.
    """
    name = None if settings.actions is None else settings.actions.name
    is_of_file = pl.col("source").eq_missing(pl.lit(name, pl.String))
    of_feed = store.record(database, actions.filter(~is_of_file))
    of_file = store.record(database, actions.filter(is_of_file))
    return of_feed, of_feed.height + of_file.height


def _judged(
    lake: Lake, catalogue: pl.DataFrame, reported: pl.DataFrame, sessions: Sequence[dt.date]
) -> pl.DataFrame:
    """Gives what is reported as `confirmation.judged`, by the bars around its ex-dates.

    Bars after the run's `sessions` are not looked at.
    """
    if reported.is_empty():
        return judged(reported, Bars.empty())
    first, last = (reported.get_column("ex_date").sort()[place] for place in (0, -1))
    later = [one for one in sessions if one > last][:_SESSIONS_BESIDE]
    named = catalogue.join(reported.select("instrument_id").unique(), on="instrument_id")
    of_named = lake.read(
        "raw_bars",
        first=calendars.sessions_before(first, _SESSIONS_BESIDE),
        last=[last, *later][-1],
        keep=pl.col("symbol").is_in(named.get_column("symbol").unique().to_list()),
    )
    beside = identified(quality.inspect(of_named).good, catalogue).bars
    return judged(reported, beside)


def _doubted(seen: pl.DataFrame, catalogue: pl.DataFrame) -> pl.DataFrame:
    """Gives a finding (contract Findings) for each split that nothing confirms."""
    splits = seen.filter(
        pl.col("confirmed_at").is_null(),
        pl.col("status") == "quarantined",
        pl.col("kind") == RawActionKind.SPLIT.value,
    )
    spells = catalogue.select("instrument_id", "symbol", "valid_from", "valid_to")
    return (
        splits.join(spells, on="instrument_id")
        .filter(
            pl.col("valid_from") <= pl.col("ex_date"),
            pl.col("valid_to").is_null() | (pl.col("ex_date") < pl.col("valid_to")),
        )
        .select(
            "provider",
            "symbol",
            session="ex_date",
            rule=pl.lit(FindingRule.UNCONFIRMED_ACTION.value),
            column=pl.lit("ratio"),
            value=pl.col("ratio").cast(pl.String),
            expected=pl.format("a second source, or a price that shows it: {}", "reason"),
            severity=pl.lit(Severity.WARNING.value),
            source=pl.lit("corporate_actions"),
            source_row=pl.lit(None, pl.Int64),
            known_at=pl.lit(None, pl.Datetime("us", "UTC")),
            row=pl.lit(None, pl.String),
        )
    )


def _settle(
    database: Database, doubted: pl.DataFrame, first: dt.date, last: dt.date, *, at: dt.datetime
) -> None:
    """Records the doubts there are, and closes those that are no more."""
    before = decisions.undecided(database, first, last).filter(
        pl.col("rule") == FindingRule.UNCONFIRMED_ACTION.value
    )
    gone = before.join(doubted, on=["provider", "symbol", "session"], how="anti")
    decisions.close_corrected(database, gone.get_column("id").to_list(), at=at)
    market_data.record_findings(database, doubted)
