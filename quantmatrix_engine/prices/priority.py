"""Priority: whose bar counts where several providers gave one."""

from collections.abc import Sequence

import polars as pl


def preferred(bars: pl.DataFrame, order: Sequence[str]) -> pl.DataFrame:
    """Gives the bars of one provider for each instrument and session: of the first in `order`.

    `bars` keeps the contract Bars and may hold several vintages; all those of that provider stay,
    in their order. A provider that is not in `order` counts nowhere.
    """
    provider = bars.get_column("provider")
    if bars.height and (provider == provider[0]).all():
        return bars if provider[0] in order else bars.clear()
    rank = pl.col("provider").replace_strict(
        list(order), list(range(len(order))), default=None, return_dtype=pl.Int64
    )
    best = rank.min().over("instrument_id", "session")
    return bars.filter(rank.is_not_null() & (rank == best))
