"""What a contract says of its columns."""

from typing import Any

import pandera.polars as pa


def types_of(contract: type[pa.DataFrameModel]) -> dict[str, Any]:
    """Gives the polars type of each column of a contract, by name, in its order."""
    return {name: column.dtype.type for name, column in contract.to_schema().columns.items()}
