"""What analysts open: one immutable file a session."""

import datetime as dt
from collections.abc import Sequence

import dagster as dg
import pandera.polars as pa
import polars as pl

from quantmatrix_adapters.providers.base import Provider, names_of
from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.bars import Bars
from quantmatrix_engine.contracts.corporate_actions import PriceActions
from quantmatrix_engine.contracts.coverage import Coverage
from quantmatrix_engine.contracts.fundamentals import Fundamentals
from quantmatrix_engine.contracts.indicators import Indicators
from quantmatrix_engine.contracts.instruments import Instruments
from quantmatrix_engine.contracts.intraday_bars import IntradayBars
from quantmatrix_engine.contracts.signal_history import SignalHistory
from quantmatrix_engine.contracts.signal_outcomes import OutcomeHistory, SignalStages
from quantmatrix_engine.indicators.descriptions import describe
from quantmatrix_engine.prices import adjustment
from quantmatrix_engine.prices.coverage import coverage
from quantmatrix_engine.prices.priority import preferred
from quantmatrix_engine.prices.restatement import known_by, newest_known
from quantmatrix_models.database import Database
from quantmatrix_pipelines import catalog
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import sessions_in, shared_partitions
from quantmatrix_pipelines.retries import retried
from quantmatrix_pipelines.settings import Settings
from quantmatrix_pipelines.stores import corporate_actions, evaluations, instruments, outcomes
from quantmatrix_pipelines.stores import snapshot as store
from quantmatrix_pipelines.stores.snapshot import Table

_END_OF_TIME = dt.datetime.max.replace(tzinfo=dt.UTC)
INTRADAY_SESSIONS = 5
"""How many last sessions of intraday bars a snapshot has; the lake keeps more."""


def assets(window: Window) -> list[dg.AssetsDefinition]:
    """Gives the snapshot asset over the sessions of `window`."""

    @dg.asset(
        group_name="snapshots",
        owners=[catalog.DATA_TEAM],
        kinds={"duckdb", "parquet"},
        partitions_def=shared_partitions(window),
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[
            "instruments",
            "bars",
            "indicators",
            "fundamentals",
            "intraday_bars",
            "signals",
            "signal_outcomes",
        ],
        metadata={
            "dagster/column_schema": dg.TableSchema(
                [
                    dg.TableColumn("table", "string", description="A table of the file."),
                    dg.TableColumn("rows", "int", description="Its rows."),
                ]
            ),
            "dagster/table_name": "snapshots/latest/quantmatrix.duckdb",
        },
        check_specs=[
            dg.AssetCheckSpec(
                "complete",
                asset="snapshot",
                blocking=True,
                description="The file, opened again, has every row that was to be in it.",
            )
        ],
    )
    @retried
    def snapshot(
        context: dg.AssetExecutionContext,
        feed: dg.ResourceParam[Provider],
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
        settings: dg.ResourceParam[Settings],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        """A DuckDB file of everything known up to the session, with Parquet and a manifest.

        Never changed once published; `snapshots/latest/quantmatrix.duckdb` is the newest one.
        """
        published, counts, lost = None, {}, []
        for session in sessions_in(context.partition_keys):
            tables = _tables(lake, database, session, providers=names_of(feed)) | {
                "intraday_bars": _intraday(lake, session, settings.intraday_names)
            }
            published = store.publish(
                settings.snapshots,
                session,
                tables,
                made_at=clock(),
                code=settings.code_version,
            )
            counts = store.row_counts(published / "quantmatrix.duckdb", list(tables))
            lost += [name for name, one in tables.items() if counts[name] != one.rows.height]
        return dg.MaterializeResult(
            metadata=catalog.rows(sum(counts.values()), **counts, path=str(published)),
            check_results=[
                dg.AssetCheckResult(
                    check_name="complete",
                    passed=not lost,
                    metadata={"tables": ", ".join(lost) or "none differs"},
                    description="Rows counted in the published file.",
                )
            ],
        )

    return [snapshot]


def _tables(
    lake: Lake, database: Database, session: dt.date, *, providers: Sequence[str]
) -> dict[str, Table]:
    indicators = lake.read("indicators", last=session)
    of_feed = preferred(lake.read("bars", last=session), providers)
    catalogue = instruments.catalogue(database)
    return {
        "instruments": _table(catalogue, Instruments),
        "bars": _table(newest_known(of_feed), Bars),
        "coverage": _table(coverage(of_feed, catalogue, session), Coverage),
        "corporate_actions": _table(_actions(database, session), PriceActions),
        "indicators": _table(indicators, Indicators, further=describe(indicators.columns)),
        "fundamentals": _table(lake.read("fundamentals", last=session), Fundamentals),
        "signals": _table(evaluations.signals_until(database, session), SignalHistory),
        "signal_outcomes": _table(outcomes.outcomes_until(database, session), OutcomeHistory),
        "signal_stages": _table(outcomes.stages_until(database, session), SignalStages),
    }


def _intraday(lake: Lake, session: dt.date, providers: Sequence[str]) -> Table:
    """Gives the intraday bars of the last sessions as they are known last, of one provider for an
    instrument and session.
    """
    first = calendars.sessions_before(session, INTRADAY_SESSIONS - 1)
    of_feed = preferred(lake.read("intraday_bars", first=first, last=session), providers)
    newest = known_by(of_feed, _END_OF_TIME)
    return _table(newest.sort("instrument_id", "interval", "starts_at"), IntradayBars)


def _actions(database: Database, session: dt.date) -> pl.DataFrame:
    """Gives what the session's prices are adjusted by: each action in the form confirmed last."""
    confirmed = corporate_actions.price_actions(database)
    newest = adjustment.known_by(confirmed, _END_OF_TIME)
    return newest.filter(pl.col("ex_date") <= session).sort("instrument_id", "ex_date")


def _table(
    rows: pl.DataFrame, contract: type[pa.DataFrameModel], *, further: dict[str, str] | None = None
) -> Table:
    schema = contract.to_schema()
    described = {name: str(column.description) for name, column in schema.columns.items()}
    return Table(
        rows, (contract.__doc__ or "").strip().splitlines()[0], described | (further or {})
    )
