"""The folder provider as a whole: what it lists, when it reads again, when it gives up."""

import datetime as dt
import os
from pathlib import Path

import pytest

from quantmatrix_adapters.providers.folder import FolderProvider
from quantmatrix_engine.errors import SettingsError

ASKED_AT = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
WANTED = (
    "expected *.csv, *.csv.gz or *.parquet with the columns "
    "symbol, session, open, high, low, close, volume"
)


def bar(symbol: str, session: str, rest: str = "1,2,0.5,1,100") -> str:
    return f"{symbol},{session},{rest}"


def test_the_listing_has_the_exchange_and_currency_of_the_folder(folder) -> None:
    folder.write("bars.csv", bar("MSFT", "2024-01-04"), bar("AAPL", "2024-01-03"))
    folder.write("more.csv", bar("MSFT", "2024-01-02"))
    provider = FolderProvider(folder.path, exchange="XTSE", currency="CAD")
    assert provider.listing().rows() == [
        ("AAPL", "XTSE", "CAD", "stock", None, dt.date(2024, 1, 3)),
        ("MSFT", "XTSE", "CAD", "stock", None, dt.date(2024, 1, 2)),
    ]
    assert provider.sessions() == (dt.date(2024, 1, 2), dt.date(2024, 1, 4))


def test_without_other_word_the_exchange_is_new_york_and_the_currency_dollars(folder) -> None:
    folder.write("bars.csv", bar("AAPL", "2024-01-02"))
    listing = FolderProvider(folder.path).listing()
    assert listing.select("exchange", "currency").row(0) == ("XNYS", "USD")


def test_the_path_may_be_one_file(folder) -> None:
    file = folder.write("bars.csv", bar("AAPL", "2024-01-02"))
    folder.write("other.csv", bar("MSFT", "2024-01-02"))
    day = dt.date(2024, 1, 2)
    bars = FolderProvider(file).daily_bars(day, day, known_at=ASKED_AT).bars
    assert bars.select("symbol", "source").rows() == [("AAPL", "bars.csv")]


def test_prices_are_not_judged_and_repeated_bars_are_all_given(folder) -> None:
    """High below low, zero, negative, a Saturday and a repeated key: the quality gate's work."""
    folder.write(
        "bars.csv",
        bar("AAPL", "2024-01-02", "1,2,3,4,-5"),
        bar("AAPL", "2024-01-06", "0,0,0,0,0"),
        bar("AAPL", "2024-01-02", "1,2,3,5,-5"),
    )
    assert folder.findings() == []
    assert folder.bars("source_row", "high", "low", "close", "volume") == [
        (2, 2.0, 3.0, 4.0, -5.0),
        (4, 2.0, 3.0, 5.0, -5.0),
        (3, 0.0, 0.0, 0.0, 0.0),
    ]


def test_findings_of_other_sessions_are_not_given_but_those_without_session_are(folder) -> None:
    folder.write(
        "bars.csv",
        bar("AAPL", "2024-01-02"),
        bar("AAPL", "2024-01-03", "x,2,0.5,1,100"),
        bar("AAPL", "2024-01-04", "y,2,0.5,1,100"),
        bar("AAPL", "someday"),
    )
    day = dt.date(2024, 1, 3)
    delivery = FolderProvider(folder.path).daily_bars(day, day, known_at=ASKED_AT)
    assert delivery.bars.is_empty()
    assert delivery.findings.get_column("value").to_list() == ["x", "someday"]


def test_a_file_that_changed_is_read_again_and_changes_the_version(folder) -> None:
    file = folder.write("bars.csv", bar("AAPL", "2024-01-02"))
    provider = FolderProvider(folder.path)
    before, first = provider.version(), provider.sessions()
    folder.write("bars.csv", bar("AAPL", "2024-01-03"))
    os.utime(file, (1, 1))
    assert provider.version() != before
    assert (first[1].day, provider.sessions()[1].day) == (2, 3)


def test_a_new_file_changes_the_version(folder) -> None:
    folder.write("a.csv", bar("AAPL", "2024-01-02"))
    provider = FolderProvider(folder.path)
    before = provider.version()
    folder.write("b.csv", bar("AAPL", "2024-01-03"))
    assert before.startswith("1 files, ")
    assert provider.version().startswith("2 files, ")


def test_making_a_provider_reads_nothing() -> None:
    assert FolderProvider(Path("/does/not/exist")).name == "folder"


# ----------------------------------------------------------------------------- nothing to read


def refusals(path: Path) -> set[str]:
    provider = FolderProvider(path)
    said = set()
    for ask in (provider.listing, provider.sessions):
        with pytest.raises(SettingsError) as refused:
            ask()
        said.add(str(refused.value))
    return said


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nowhere"
    assert refusals(path) == {f"No bars at {path}: it does not exist; {WANTED}."}
    with pytest.raises(SettingsError, match="does not exist"):
        FolderProvider(path).version()


def test_an_empty_folder_is_refused(folder) -> None:
    assert refusals(folder.path) == {f"No bars at {folder.path}: it has no bar file; {WANTED}."}


def test_a_file_of_another_kind_is_refused(folder) -> None:
    file = folder.write("bars.xlsx", bar("AAPL", "2024-01-02"))
    assert refusals(file) == {f"No bars at {file}: it has no bar file; {WANTED}."}


def test_a_path_through_a_file_does_not_exist(folder) -> None:
    path = folder.write("bars.csv", bar("AAPL", "2024-01-02")) / "more"
    assert refusals(path) == {f"No bars at {path}: it does not exist; {WANTED}."}


def test_a_path_the_system_refuses_is_refused_with_its_reason(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 300)
    assert refusals(path) == {
        f"No bars at {path}: it cannot be read (File name too long); {WANTED}."
    }


def test_files_with_a_header_and_no_rows_are_refused(folder) -> None:
    folder.write("bars.csv")
    assert refusals(folder.path) == {f"No bars at {folder.path}: the files have no rows; {WANTED}."}


def test_files_without_any_row_that_can_be_read_are_refused_with_the_first_reason(folder) -> None:
    folder.write("bars.csv", bar("AAPL", "2024-01-02", "x,2,0.5,1,100"), bar("AAPL", "soon"))
    assert refusals(folder.path) == {
        f"No bars at {folder.path}: no row can be read (2 findings; the first: bars.csv line 2, "
        "not_a_number, found x, expected a number such as 1234.5, without thousands separators, "
        f"or nothing); {WANTED}."
    }


def test_files_parsed_a_few_rows_at_a_time_say_the_same(folder) -> None:
    """The second file repeats a key of the first, the third and fifth have what is no bar."""
    folder.write("1.csv", bar("MSFT", "2024-01-03"), bar("AAPL", "2024-01-02"))
    folder.write("2.csv", bar("AAPL", "2024-01-02", "9,9,9,9,9"), bar("AAPL", "2024-01-04"))
    folder.write("3.csv", bar("AAPL", "soon"), bar("IBM", "2024-01-03"))
    folder.write_parquet("4.parquet", symbol=["ORCL"])
    folder.write("5.csv", header="symbol,close")
    first, last = dt.date(2024, 1, 2), dt.date(2024, 1, 3)
    whole, in_parts = (FolderProvider(folder.path, rows_at_once=rows) for rows in (2_000_000, 2))
    delivery = in_parts.daily_bars(first, last, known_at=ASKED_AT)
    assert delivery.bars.select("symbol", "session", "open", "source").rows() == [
        ("AAPL", first, 1.0, "1.csv"),
        ("AAPL", first, 9.0, "2.csv"),
        ("IBM", last, 1.0, "3.csv"),
        ("MSFT", last, 1.0, "1.csv"),
        ("ORCL", first, 1.0, "4.parquet"),
    ]
    expected = whole.daily_bars(first, last, known_at=ASKED_AT)
    assert delivery.bars.equals(expected.bars)
    assert delivery.findings.equals(expected.findings)
    assert delivery.findings.height == 2
    assert in_parts.listing().equals(whole.listing())
    assert in_parts.sessions() == whole.sessions() == (first, dt.date(2024, 1, 4))


def test_what_was_put_aside_goes_with_the_provider(folder, tmp_path, monkeypatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    for month in range(1, 5):
        folder.write(f"{month}.csv", bar("AAPL", f"2024-0{month}-03"))
    provider = FolderProvider(folder.path, rows_at_once=1)
    assert provider.listing().height == 1
    assert len(list(scratch.rglob("*.parquet"))) == 3  # the newest is in memory
    del provider
    assert list(scratch.iterdir()) == []
