"""The asset of the intraday bars: five minutes and hours, as they were said, for a time."""

import datetime as dt

import dagster as dg
import polars as pl

from quantmatrix_adapters.providers.base import IntradayDelivery
from quantmatrix_adapters.providers.intraday_failover import IntradayFailover
from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.intraday_bars import IntradayBars
from quantmatrix_engine.prices.intraday_coverage import intraday_coverage
from quantmatrix_engine.vocabulary import Severity
from quantmatrix_models.database import Database
from quantmatrix_pipelines import catalog, checks, stretches
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.defs.market_data import intraday_parts
from quantmatrix_pipelines.defs.market_data.intraday_parts import Screened
from quantmatrix_pipelines.defs.market_data.intraday_retention import retention
from quantmatrix_pipelines.defs.market_data.lake_assets import lake_asset
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import sessions_in
from quantmatrix_pipelines.retries import retried
from quantmatrix_pipelines.settings import Settings
from quantmatrix_pipelines.stores import instruments as instrument_store
from quantmatrix_pipelines.stores import market_data as store

NOT_CONFIGURED = (
    "No intraday bars are configured: set QUANTMATRIX_INTRADAY_PROVIDERS or "
    "QUANTMATRIX_INTRADAY_BARS."
)
_A_MONTH = 1
# An instrument without symbols asked for is expected to have bars if it had some lately.
_LATELY_SESSIONS = 5


def asset(window: Window) -> dg.AssetsDefinition:
    """Gives the asset over the sessions of `window`."""

    @lake_asset(
        window,
        # A request a symbol, as slow as the provider's limits: the chain does not wait for it.
        pool="intraday",
        deps=["instruments"],
        metadata=catalog.described(IntradayBars, table="lake/intraday_bars"),
        check_specs=[
            dg.AssetCheckSpec(
                "contract",
                asset="intraday_bars",
                description="Every bar delivered can be read and be true, in a session, on the"
                " clock, of a known symbol.",
            ),
            dg.AssetCheckSpec(
                "covered",
                asset="intraday_bars",
                description="Every instrument asked for has bars of the newest session.",
            ),
        ],
    )
    @retried
    def intraday_bars(
        context: dg.AssetExecutionContext,
        intraday_feed: dg.ResourceParam[IntradayFailover],
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
        settings: dg.ResourceParam[Settings],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        """Bars of five minutes and of hours as they were said, never changed: a restatement is a
        further row. Hours are made of five minutes where nobody brought them; minutes are not kept.

        Bars outside the hours of the exchange are left out. What is older than the sessions the
        settings keep is taken away when the run has written; daily tables are not touched.
        """
        sessions = sessions_in(context.partition_keys)
        catalogue = instrument_store.catalogue(database)
        told = _Told()
        keeps = retention(settings, lake, sessions[-1])
        ahead = stretches.Ahead(context, lake, "intraday_bars", months=_A_MONTH)
        for stretch in ahead if intraday_feed.providers else ():
            # What would not be kept is not asked for.
            first = max(stretch.first, keeps.first)
            if first > stretch.last:
                continue
            written = intraday_parts.Written()
            symbols = settings.provider_symbols
            asked = intraday_parts.questions(symbols, first, stretch.last, catalogue)
            for delivery in intraday_parts.delivered(intraday_feed, asked, clock):
                known = intraday_parts.known(lake, delivery, catalogue, first, stretch.last)
                sorted_out = intraday_parts.screened(delivery, catalogue, known)
                store.record_delivered(database, sorted_out.findings, at=clock())
                new = keeps.kept(intraday_parts.new(sorted_out.bars, known))
                written.add(new)
                told.add(delivery, sorted_out, new)
            written.write(lake, note=stretch.note)
        kept = keeps.forget(lake, "intraday_bars")
        context.log.info("%d intraday bars, %d rows new", told.delivered, told.new)
        catalog.count_sessions(context, lake, "intraday_bars")
        of_last = lake.read("intraday_bars", first=sessions[-1], last=sessions[-1])
        return dg.MaterializeResult(
            metadata=catalog.rows(
                lake.rows("intraday_bars"),
                providers=", ".join(intraday_feed.names) or NOT_CONFIGURED,
                delivered=told.delivered,
                outside_hours=told.outside,
                new=told.new,
                sample=catalog.table(of_last),
                **kept,
            ),
            check_results=[
                checks.result(
                    "contract",
                    told.all_findings(),
                    is_error=False,
                    description=f"{told.delivered:,} bars delivered, {told.outside:,} of them"
                    f" outside the hours, {told.refused:,} refused.",
                ),
                _covered(lake, catalogue, settings, intraday_feed, sessions[-1]),
            ],
        )

    return intraday_bars


class _Told:
    """What a run was told, stretch by stretch."""

    def __init__(self) -> None:
        self.delivered = self.outside = self.refused = self.new = 0
        self._findings = [checks.NO_FINDINGS]

    def add(self, delivery: IntradayDelivery, screened: Screened, new: pl.DataFrame) -> None:
        self.delivered += delivery.bars.height
        self.outside += screened.outside
        self.refused += screened.refused
        self.new += new.height
        self._findings.append(screened.findings.drop("row"))

    def all_findings(self) -> pl.DataFrame:
        """Gives the findings, each once, but for bars outside the hours, which are no fault."""
        every = pl.concat(self._findings).unique(maintain_order=True)
        return every.filter(pl.col("severity") != Severity.INFO.value)


def _covered(
    lake: Lake,
    catalogue: pl.DataFrame,
    settings: Settings,
    feed: IntradayFailover,
    session: dt.date,
) -> dg.AssetCheckResult:
    """Says which instruments a bar is expected of have none of a session."""
    since = calendars.sessions_before(session, _LATELY_SESSIONS)
    columns = ["instrument_id", "interval", "starts_at", "session"]
    lately = lake.read("intraday_bars", first=since, last=session, columns=columns)
    expected = set(lately.get_column("instrument_id"))
    if feed.providers:
        of_symbols = intraday_parts.meant(settings.provider_symbols, session, catalogue)
        expected |= set(of_symbols.get_column("instrument_id"))
    covered = intraday_coverage(lately, session, expected)
    missing = covered.filter((pl.col("five_minutes") == 0) & (pl.col("hours") == 0))
    there = covered.filter(pl.col("five_minutes") > 0)
    share = there.select(
        pl.format(" Half of the others have {} % of its five minutes.", _half("coverage_pct"))
    )
    return checks.result(
        "covered",
        missing,
        is_error=False,
        description=f"{missing.height:,} of {covered.height:,} instruments have no intraday bar of"
        f" {session}.{share.item() if there.height else ''}",
    )


def _half(column: str) -> pl.Expr:
    return pl.col(column).median().round().cast(pl.Int64)
