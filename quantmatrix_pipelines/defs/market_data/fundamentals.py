"""The asset of the fundamentals: what a provider says of companies today, and what a file says."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg
import polars as pl

from quantmatrix_adapters.listings import fundamentals_file
from quantmatrix_adapters.providers.answer_figures import joined_figures
from quantmatrix_adapters.providers.base import (
    FundamentalsDelivery,
    Provider,
    fundamentals_provider,
)
from quantmatrix_engine import calendars
from quantmatrix_engine.contracts import quarantine
from quantmatrix_engine.contracts.fundamentals import Fundamentals, RawFundamentals
from quantmatrix_engine.prices.fundamentals import unstated
from quantmatrix_engine.prices.identity import identified_fundamentals
from quantmatrix_engine.vocabulary import FetchKind, InstrumentKind
from quantmatrix_models.database import Database
from quantmatrix_pipelines import catalog, checks
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.defs.market_data import fetches
from quantmatrix_pipelines.defs.market_data.fetches import Answered
from quantmatrix_pipelines.defs.market_data.lake_assets import lake_asset
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import sessions_in
from quantmatrix_pipelines.retries import retried
from quantmatrix_pipelines.settings import Settings
from quantmatrix_pipelines.stores import instruments as instrument_store
from quantmatrix_pipelines.stores import market_data as store

# A prime, so that every symbol comes to be the first one.
_STRIDE = 7919
_STATED = ("provider", "session", "known_at")


def asset(window: Window) -> dg.AssetsDefinition:
    """Gives the asset over the sessions of `window`."""

    @lake_asset(
        window,
        # A request a company, as slow as the provider's limits: the chain does not wait for it.
        pool="fundamentals",
        deps=["instruments"],
        metadata=catalog.described(Fundamentals, table="lake/fundamentals"),
        check_specs=[
            dg.AssetCheckSpec(
                "contract",
                asset="fundamentals",
                description="Every figure delivered can be read and be true; symbols are known.",
            )
        ],
    )
    @retried
    def fundamentals(
        context: dg.AssetExecutionContext,
        feed: dg.ResourceParam[Provider],
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
        settings: dg.ResourceParam[Settings],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        """Figures about companies as they were said, never changed: a restatement is a further row.

        A provider says only how things are now. So it is asked for the session that closed last
        and for no earlier one, and for none while the exchange is open: a figure of today under a
        past session would look ahead. A figure that says nothing new adds no row.
        """
        sessions = sessions_in(context.partition_keys)
        catalogue = instrument_store.catalogue(database)
        question = _question(feed, catalogue, sessions, at=clock())
        fetched = _answered(feed, question, database, clock, context.run.run_id)
        said = joined_figures([]) if fetched is None else fetched.answer
        told = joined_figures([said, _of_file(settings, clock)])
        good, findings = _screened(told, catalogue, sessions, provider=feed.name)
        store.record_delivered(database, findings, at=clock())
        known = lake.read("fundamentals", last=sessions[-1])
        new = unstated(good, known)
        context.log.info("%s %d rows, %d of them new", question.reason, good.height, new.height)
        lake.append("fundamentals", new)
        if fetched is not None:
            of_feed = new.join(said.fundamentals, on=_STATED, how="semi")
            fetches.record(database, fetched, said.fundamentals, of_feed)
        catalog.count_sessions(context, lake, "fundamentals")
        return dg.MaterializeResult(
            metadata=catalog.rows(
                lake.rows("fundamentals"),
                provider=feed.name,
                asked=len(question.symbols),
                reason=question.reason,
                delivered=good.height,
                new=new.height,
                sample=catalog.table(new),
            ),
            check_results=[
                checks.result(
                    "contract",
                    findings,
                    is_error=False,
                    description=f"{good.height:,} rows of these sessions,"
                    f" {findings.height:,} findings.",
                )
            ],
        )

    return fundamentals


@dataclass(frozen=True)
class _Question:
    """What the provider is asked: symbols, none where it is not asked, and the reason."""

    symbols: Sequence[str]
    session: dt.date
    reason: str


def _question(
    feed: Provider, catalogue: pl.DataFrame, sessions: Sequence[dt.date], *, at: dt.datetime
) -> _Question:
    last = calendars.last_closed_session(at)
    if fundamentals_provider(feed) is None:
        return _Question([], last, f"{feed.name} states no fundamentals.")
    if calendars.is_open(at):
        return _Question([], last, f"Not asked: the session after {last} is not over.")
    if last not in sessions:
        return _Question([], last, f"Not asked: what is said now is of {last}.")
    return _Question(_in_turn(_companies(catalogue, last), last), last, f"Asked for {last}.")


def _companies(catalogue: pl.DataFrame, session: dt.date) -> list[str]:
    """Gives the symbols that stocks have on a session, sorted."""
    listed = catalogue.filter(
        pl.col("kind") == InstrumentKind.STOCK.value,
        pl.col("valid_from") <= session,
        pl.col("valid_to").is_null() | (session < pl.col("valid_to")),
    )
    return listed.get_column("symbol").unique().sort().to_list()


def _in_turn(symbols: Sequence[str], session: dt.date) -> list[str]:
    """Gives the symbols from another one on each session.

    A quota that ends in the middle would otherwise leave out the same ones every time.
    """
    begin = session.toordinal() * _STRIDE % max(len(symbols), 1)
    return [*symbols[begin:], *symbols[:begin]]


def _answered(
    feed: Provider, question: _Question, database: Database, clock: Clock, run_id: str
) -> Answered[FundamentalsDelivery] | None:
    """Gives what the provider states, known from the moment its last answer was there.

    None where it is not asked.
    """
    provider = fundamentals_provider(feed)
    if provider is None or not question.symbols:
        return None
    session = question.session
    told = fetches.answered(
        database,
        feed,
        fetches.Question(FetchKind.FUNDAMENTALS, session, session, clock(), run_id),
        lambda: provider.fundamentals(question.symbols, session, known_at=clock()),
    )
    moment = pl.lit(clock()).cast(pl.Datetime("us", "UTC"))
    dated = told.answer.fundamentals.with_columns(known_at=moment)
    return Answered(FundamentalsDelivery(dated, told.answer.findings), told.fetches)


def _of_file(settings: Settings, clock: Clock) -> FundamentalsDelivery:
    if settings.fundamentals is None:
        return joined_figures([])
    return fundamentals_file.read(settings.fundamentals, asked_at=clock())


def _screened(
    told: FundamentalsDelivery,
    catalogue: pl.DataFrame,
    sessions: Sequence[dt.date],
    *,
    provider: str,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Gives the rows of these sessions that can be kept (contract Fundamentals), and findings.

    A row of no session of the exchange is a finding, whichever sessions are asked for.
    """
    raw = quarantine.part(
        RawFundamentals, told.fundamentals, provider=provider, key=("symbol", "session")
    )
    of_run = raw.good.filter(pl.col("session").is_in(sessions))
    named = identified_fundamentals(of_run, catalogue)
    kept = quarantine.part(
        Fundamentals, named.fundamentals, provider=provider, key=("instrument_id", "session")
    )
    found = pl.concat([told.findings, raw.findings, named.findings, kept.findings])
    return kept.good, found
