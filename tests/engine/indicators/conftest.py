import datetime as dt
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from quantmatrix_engine import indicators

SHARED_DATA = Path(__file__).parents[3].parent / "shared" / "data"
FIRST_SESSION = dt.date(2015, 1, 1)
MakeBars = Callable[..., pl.DataFrame]


def pytest_collection_finish() -> None:
    """Drops compiled kernels older than any source: numba would go on using what they inlined."""
    folder = Path(next(iter(indicators.__path__)))
    compiled = [*folder.glob("__pycache__/*.nbi"), *folder.glob("__pycache__/*.nbc")]
    newest_source = max(source.stat().st_mtime for source in folder.glob("*.py"))
    if any(_written_at(path) < newest_source for path in compiled):
        for path in compiled:
            path.unlink(missing_ok=True)


def _written_at(path: Path) -> float:
    # Another test worker may have dropped it meanwhile.
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return np.inf


@pytest.fixture(scope="session")
def bars() -> MakeBars:
    """Gives bars on consecutive dates; high and low are the close, volume 1 where not given."""

    def make(
        close: Iterable[float],
        high: Iterable[float] | None = None,
        low: Iterable[float] | None = None,
        instrument_id: int = 1,
        volume: Iterable[float] | None = None,
        benchmark_close: Iterable[float | None] | None = None,
    ) -> pl.DataFrame:
        close = list(close)
        dates = [FIRST_SESSION + dt.timedelta(days=row) for row in range(len(close))]
        columns = {
            "instrument_id": [instrument_id] * len(close),
            "session": dates,
            "open": close,
            "high": close if high is None else list(high),
            "low": close if low is None else list(low),
            "close": close,
            "volume": [1.0] * len(close) if volume is None else list(volume),
            "benchmark_close": close if benchmark_close is None else list(benchmark_close),
        }
        types = {"instrument_id": pl.Int64, "session": pl.Date}
        return pl.DataFrame(columns, schema={name: types.get(name, pl.Float64) for name in columns})

    return make


@pytest.fixture(scope="session")
def walk(bars: MakeBars) -> MakeBars:
    """Gives a seeded random walk: a third with moves of 1 %, a sixth of 4 %, a half of 0.5 %."""

    def make(seed: int, height: int = 2_700, instrument_id: int = 1) -> pl.DataFrame:
        random = np.random.default_rng(seed)
        lengths = (height // 3, height // 6, height - height // 3 - height // 6)
        move_ratio = np.repeat([0.01, 0.04, 0.005], lengths)
        close = 40.0 * np.exp(np.cumsum(random.normal(0.0, move_ratio)))
        high = close * (1.0 + move_ratio * random.random(height))
        low = close * (1.0 - move_ratio * random.random(height))
        volume = np.round(np.exp(random.normal(12.0, 0.5, height)))
        benchmark = 300.0 * np.exp(np.cumsum(random.normal(0.0, 0.008, height)))
        return bars(
            close.tolist(),
            high.tolist(),
            low.tolist(),
            instrument_id,
            volume.tolist(),
            benchmark.tolist(),
        )

    return make


@pytest.fixture(scope="session")
def market(walk: MakeBars) -> pl.DataFrame:
    """Three instruments of 2,700 bars each, sorted."""
    return pl.concat(walk(seed, instrument_id=seed) for seed in (3, 7, 11))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of data from outside the project."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the shared data, absent at {SHARED_DATA}")
    return SHARED_DATA
