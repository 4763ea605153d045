"""What analysts open: one immutable file a session."""

import datetime as dt
from collections.abc import Iterable, Sequence

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
from quantmatrix_engine.contracts.intraday_indicators import IntradayIndicators
from quantmatrix_engine.contracts.signal_history import SignalHistory
from quantmatrix_engine.contracts.signal_outcomes import OutcomeHistory, SignalStages
from quantmatrix_engine.contracts.weekly_indicators import WeeklyIndicators
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
from quantmatrix_pipelines.portions import portions
from quantmatrix_pipelines.retries import retried
from quantmatrix_pipelines.settings import Settings
from quantmatrix_pipelines.stores import corporate_actions, evaluations, instruments, outcomes
from quantmatrix_pipelines.stores import snapshot as store
from quantmatrix_pipelines.stores import snapshot_retention as retention
from quantmatrix_pipelines.stores.snapshot import Table
from quantmatrix_pipelines.stretches import A_QUARTER, A_YEAR, Stretch, split

_END_OF_TIME = dt.datetime.max.replace(tzinfo=dt.UTC)
SIGNALS_AT_ONCE = 200_000
"""How many signals are read at once, of as many sessions as have them; half a gibibyte of rules."""
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
            "weekly_indicators",
            "fundamentals",
            "intraday_bars",
            "intraday_indicators",
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

        Never changed once published; `snapshots/latest/quantmatrix.duckdb` is the newest one. Older
        ones than the days of QUANTMATRIX_SNAPSHOT_DAYS are taken away, but for each month's last.
        """
        folder, counts, lost = None, {}, []
        for session in sessions_in(context.partition_keys):
            there = _there(lake, database, session)
            tables = _tables(lake, database, session, providers=names_of(feed)) | {
                "intraday_bars": _intraday(lake, session, settings.intraday_names),
                "intraday_indicators": _intraday_indicators(lake, session),
            }
            published = store.publish(
                settings.snapshots,
                session,
                tables,
                made_at=clock(),
                code=settings.code_version,
            )
            folder = published.folder
            counts = store.row_counts(folder / "quantmatrix.duckdb", list(tables))
            lost += [name for name, rows in published.rows.items() if counts[name] != rows]
            lost += [name for name, rows in there.items() if counts[name] < rows]
        # Where this one lacks rows, nothing older is taken away.
        tidied = {} if lost else _tidied(settings, clock())
        return dg.MaterializeResult(
            metadata=catalog.rows(sum(counts.values()), **counts, path=str(folder), **tidied),
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


def _tidied(settings: Settings, now: dt.datetime) -> dict[str, object]:
    """Takes away outdated snapshots; gives what the materialization tells of it.

    The snapshot is published by then: that older ones cannot be removed is told, and fails nothing.
    """
    since = now - dt.timedelta(days=settings.snapshot_days)
    removed = retention.remove_outdated(settings.snapshots, made_before=since)
    told: dict[str, object] = {
        "snapshots_kept_since": since.date().isoformat(),
        "snapshots_removed": removed.snapshots,
        "bytes_freed": removed.size,
    }
    return told | ({"snapshots_not_removed": "; ".join(removed.refused)} if removed.refused else {})


def _tables(
    lake: Lake, database: Database, session: dt.date, *, providers: Sequence[str]
) -> dict[str, Table]:
    """Gives all tables but the intraday ones; what is long comes some sessions at a time."""
    catalogue = instruments.catalogue(database)
    of_bars = _stretches(lake, "bars", session, months=A_YEAR)
    signals = evaluations.signals_by_session(database, until=session)
    said = [(one[0], one[-1]) for one in portions(signals, most=SIGNALS_AT_ONCE)]
    said = said or [(session, session)]
    return {
        "instruments": _table([catalogue], Instruments),
        "bars": _table((_bars(lake, one, providers) for one in of_bars), Bars),
        "coverage": _table(
            [coverage(_keys(lake, of_bars, providers), catalogue, session)], Coverage
        ),
        "corporate_actions": _table([_actions(database, session)], PriceActions),
        "indicators": _indicators(lake, "indicators", Indicators, session, months=A_QUARTER),
        "weekly_indicators": _indicators(
            lake, "weekly_indicators", WeeklyIndicators, session, months=A_YEAR
        ),
        "fundamentals": _table([lake.read("fundamentals", last=session)], Fundamentals),
        "signals": _table((evaluations.signals_of(database, *one) for one in said), SignalHistory),
        "signal_outcomes": _table(
            (outcomes.outcomes_of(database, *one, until=session) for one in said), OutcomeHistory
        ),
        "signal_stages": _table(
            (outcomes.stages_of(database, *one, until=session) for one in said), SignalStages
        ),
    }


def _there(lake: Lake, database: Database, session: dt.date) -> dict[str, int]:
    """Gives how many rows lake and database have of the long tables, however they are parted.

    Counted before they are read: while that goes on, others may add to them.
    """
    counts = {
        table: lake.rows_by_session(table, first=dt.date.min, last=session)
        for table in ("indicators", "weekly_indicators")
    }
    counts["signals"] = evaluations.signals_by_session(database, until=session)
    return {table: sum(rows.values()) for table, rows in counts.items()}


def _indicators(
    lake: Lake,
    table: str,
    contract: type[pa.DataFrameModel],
    session: dt.date,
    *,
    months: int,
) -> Table:
    """Gives indicators up to a session, so many months at a time, by instrument in each."""
    parts = (
        lake.read(table, first=one.first, last=one.last).sort("instrument_id", "session")
        for one in _stretches(lake, table, session, months=months)
    )
    return _table(parts, contract, further=describe(lake.columns(table)))


def _stretches(lake: Lake, table: str, session: dt.date, *, months: int) -> list[Stretch]:
    """Gives the sessions of a table up to one in stretches; that one alone where it has none."""
    span = lake.sessions(table)
    first = min(span[0], session) if span is not None else session
    return split(calendars.sessions(first, session), months=months)


def _bars(lake: Lake, stretch: Stretch, providers: Sequence[str]) -> pl.DataFrame:
    kept = lake.read("bars", first=stretch.first, last=stretch.last)
    return newest_known(preferred(kept, providers))


def _keys(lake: Lake, stretches: Sequence[Stretch], providers: Sequence[str]) -> pl.DataFrame:
    """Gives of which instruments and sessions there is a bar."""
    key = ["instrument_id", "session"]
    found = [
        lake.read("bars", first=one.first, last=one.last, columns=[*key, "provider"])
        for one in stretches
    ]
    return pl.concat(preferred(one, providers).select(key).unique() for one in found)


def _intraday(lake: Lake, session: dt.date, providers: Sequence[str]) -> Table:
    """Gives the intraday bars of the last sessions as they are known last, of one provider for an
    instrument and session.
    """
    first = calendars.sessions_before(session, INTRADAY_SESSIONS - 1)
    of_feed = preferred(lake.read("intraday_bars", first=first, last=session), providers)
    newest = known_by(of_feed, _END_OF_TIME)
    return _table([newest.sort("instrument_id", "interval", "starts_at")], IntradayBars)


def _intraday_indicators(lake: Lake, session: dt.date) -> Table:
    """Gives the indicators of the same sessions' intraday bars."""
    name = "intraday_indicators"
    first = calendars.sessions_before(session, INTRADAY_SESSIONS - 1)
    kept = lake.read(name, first=first, last=session)
    in_order = kept.sort("instrument_id", "interval", "starts_at")
    return _table([in_order], IntradayIndicators, further=describe(kept.columns))


def _actions(database: Database, session: dt.date) -> pl.DataFrame:
    """Gives what the session's prices are adjusted by: each action in the form confirmed last."""
    confirmed = corporate_actions.price_actions(database)
    newest = adjustment.known_by(confirmed, _END_OF_TIME)
    return newest.filter(pl.col("ex_date") <= session).sort("instrument_id", "ex_date")


def _table(
    parts: Iterable[pl.DataFrame],
    contract: type[pa.DataFrameModel],
    *,
    further: dict[str, str] | None = None,
) -> Table:
    schema = contract.to_schema()
    described = {name: str(column.description) for name, column in schema.columns.items()}
    return Table(
        parts, (contract.__doc__ or "").strip().splitlines()[0], described | (further or {})
    )
