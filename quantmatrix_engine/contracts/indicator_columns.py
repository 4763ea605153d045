"""What contracts of indicators have in common."""

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData


class IndicatorColumns(pa.DataFrameModel):
    """Rows with a float column for each output of each indicator beside the contract's own.

    They are null before their first valid row, never NaN or infinite.
    """

    class Config:
        """Further columns are the indicators' own."""

        strict = False

    # The check is named for the method: pandera gives a name of its own to the first heir alone.
    @pa.dataframe_check()
    def finite(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """Every indicator is a finite number or null."""
        floats = pl.selectors.float()
        return data.lazyframe.select(
            pl.all_horizontal(floats.is_finite() | floats.is_null()).fill_null(value=True)
        )
