"""The asset of bars as they were delivered."""

from functools import partial

import dagster as dg
import polars as pl

from quantmatrix_adapters.providers.base import Delivery, Provider
from quantmatrix_engine.contracts import quarantine
from quantmatrix_engine.contracts.raw_bars import RawBars
from quantmatrix_engine.prices.restatement import unseen
from quantmatrix_engine.vocabulary import FetchKind
from quantmatrix_models.database import Database
from quantmatrix_pipelines import catalog, checks, stretches
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.defs.market_data import fetches
from quantmatrix_pipelines.defs.market_data.comparison import compare
from quantmatrix_pipelines.defs.market_data.fetches import Question
from quantmatrix_pipelines.defs.market_data.lake_assets import lake_asset
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import sessions_in
from quantmatrix_pipelines.retries import retried
from quantmatrix_pipelines.settings import Settings
from quantmatrix_pipelines.stores import market_data as store


def asset(window: Window) -> dg.AssetsDefinition:
    """Gives the asset over the sessions of `window`."""

    @lake_asset(
        window,
        metadata=catalog.described(RawBars, table="lake/raw_bars"),
        check_specs=[
            checks.contract(
                "raw_bars", "Every row delivered can be read as dates and numbers; some arrived."
            )
        ],
    )
    @retried
    def raw_bars(
        context: dg.AssetExecutionContext,
        feed: dg.ResourceParam[Provider],
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
        settings: dg.ResourceParam[Settings],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        """Daily bars as the provider said them, never changed: a restatement is a further row.

        A row that cannot be read or breaks the contract is a finding, with file, row, column and
        value. Each provider that was asked is in `provider_fetches`, one that failed with its
        error. A sample of the run's last session is asked of the next provider, too, only to
        compare.
        """
        told = checks.Tally()
        delivered = new = 0
        # A provider asked symbol by symbol is asked once a year of a backfill.
        ahead = stretches.Ahead(context, lake, "raw_bars", months=stretches.A_YEAR)
        for stretch in ahead:
            at = clock()
            question = Question(FetchKind.BARS, stretch.first, stretch.last, at, context.run.run_id)
            fetched = fetches.answered(database, feed, question, partial(_deliver, feed, question))
            delivery = fetched.answer
            parted = quarantine.part(
                RawBars, delivery.bars, provider=feed.name, key=("symbol", "session")
            )
            known = lake.read("raw_bars", first=stretch.first, last=stretch.last)
            unknown = unseen(parted.good, known)
            findings = pl.concat([delivery.findings, parted.findings])
            store.record_delivered(database, findings, at=at)
            fetches.record(database, fetched, parted.good, unknown)
            lake.append("raw_bars", unknown, note=stretch.note)
            bad = findings.select("source", "source_row").n_unique()
            told.add(findings, rows=parted.good.height + bad, bad_rows=bad)
            delivered, new = delivered + parted.good.height, new + unknown.height
        compared = compare(
            feed,
            lake,
            database,
            count=settings.compared_symbols,
            session=sessions_in(context.partition_keys)[-1],
            at=clock(),
            dagster_run_id=context.run.run_id,
        )
        context.log.info("%s: %d bars, %d of them new", feed.name, delivered, new)
        by_session = catalog.count_sessions(context, lake, "raw_bars")
        told.add_written_before(ahead.rows_written_before(by_session))
        return dg.MaterializeResult(
            metadata=catalog.rows(
                lake.rows("raw_bars"), delivered=delivered, new=new, compared=compared.in_words()
            ),
            check_results=[told.result()],
        )

    return raw_bars


def _deliver(feed: Provider, question: Question) -> Delivery:
    return feed.daily_bars(question.first, question.last, known_at=question.at)
