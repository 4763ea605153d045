"""What the catalogue says of every asset: owner, group, kinds, columns, rows."""

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import dagster as dg
import pandera.polars as pa
import polars as pl

from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import sessions_in

DATA_TEAM = "team:data-engineering"
SIGNALS_TEAM = "team:signals"


def columns(
    contract: type[pa.DataFrameModel], *, measures: Mapping[str, str] = MappingProxyType({})
) -> dg.TableSchema:
    """Gives the columns of a contract as Dagster shows them.

    `measures` are float columns beside them, null where unknown: what each holds, by its name.
    """
    own = [
        dg.TableColumn(
            name=name,
            type=str(column.dtype),
            description=column.description,
            constraints=dg.TableColumnConstraints(nullable=bool(column.nullable)),
        )
        for name, column in contract.to_schema().columns.items()
    ]
    beside = [
        dg.TableColumn(name=name, type="Float64", description=text)
        for name, text in measures.items()
    ]
    return dg.TableSchema(columns=[*own, *beside])


def described(
    contract: type[pa.DataFrameModel],
    *,
    table: str,
    measures: Mapping[str, str] = MappingProxyType({}),
    **further: Any,
) -> Mapping[str, Any]:
    """Gives the definition metadata of an asset: its columns and the table it fills."""
    schema = columns(contract, measures=measures)
    return {"dagster/column_schema": schema, "dagster/table_name": table, **further}


def rows(count: int, **further: Any) -> dict[str, Any]:
    """Gives the materialization metadata of an asset: how many rows its table has."""
    return {"dagster/row_count": count, **further}


def count_partitions(
    context: dg.AssetExecutionContext, asset: str, counts: Mapping[str, int]
) -> None:
    """Tells of each partition of the run how many rows it has; 0 where `counts` names none."""
    for key in context.partition_keys:
        context.add_asset_metadata(
            {"dagster/partition_row_count": counts.get(str(key), 0)},
            asset_key=asset,
            partition_key=str(key),
        )


def count_sessions(context: dg.AssetExecutionContext, lake: Lake, table: str) -> dict[dt.date, int]:
    """Tells of each session of the run how many rows the lake has, and gives the same."""
    sessions = sessions_in(context.partition_keys)
    counts = lake.rows_by_session(table, first=sessions[0], last=sessions[-1])
    count_partitions(context, table, {str(session): rows for session, rows in counts.items()})
    return counts


def table(frame: pl.DataFrame, *, limit: int = 20) -> dg.TableMetadataValue:
    """Gives the first rows of a frame as a table of texts, for a person to look at."""
    shown = frame.head(limit).select(pl.all().cast(pl.String).fill_null(""))
    return dg.MetadataValue.table(
        records=[dg.TableRecord(row) for row in shown.iter_rows(named=True)],
        schema=dg.TableSchema([dg.TableColumn(name=name, type="string") for name in shown.columns]),
    )
