"""A folder of bar files that a test writes and the folder provider reads."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from quantmatrix_adapters.providers.base import Delivery
from quantmatrix_adapters.providers.folder import FolderProvider

HEADER = "symbol,session,open,high,low,close,volume"


@dataclass(frozen=True)
class BarFolder:
    path: Path
    asked_at: dt.datetime = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)

    def write(self, name: str, *lines: str, header: str = HEADER) -> Path:
        return self.write_bytes(name, "\n".join([header, *lines, ""]).encode())

    def write_bytes(self, name: str, content: bytes) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    def write_parquet(self, name: str, **columns: object) -> Path:
        bars = {"symbol": ["AAPL"], "session": [dt.date(2024, 1, 2)], "open": [1.0], "high": [2.0]}
        more = {"low": [0.5], "close": [1.5], "volume": [100]}
        file = self.write_bytes(name, b"")
        pl.DataFrame({**bars, **more, **columns}).write_parquet(file)
        return file

    def deliver(self) -> Delivery:
        first, last = dt.date(1990, 1, 1), dt.date(2030, 12, 31)
        return FolderProvider(self.path).daily_bars(first, last, known_at=self.asked_at)

    def bars(self, *columns: str) -> list[tuple[object, ...]]:
        return self.deliver().bars.select(columns).rows()

    def findings(self, *columns: str) -> list[tuple[object, ...]]:
        wanted = columns or ("rule", "column", "value", "source", "source_row")
        return self.deliver().findings.select(wanted).rows()


@pytest.fixture
def folder(tmp_path: Path) -> BarFolder:
    path = tmp_path / "bars"
    path.mkdir()
    return BarFolder(path)
