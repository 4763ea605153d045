"""Which files the folder provider reads, and what it says about those it cannot."""

import datetime as dt
import gzip
import json

import polars as pl
import pytest

GOOD = "AAPL,2024-01-02,187.15,188.44,183.89,185.64,82488700"
GOOD_BAR = ("AAPL", dt.date(2024, 1, 2), 187.15, 188.44, 183.89, 185.64, 82488700.0)
BAR = ("symbol", "session", "open", "high", "low", "close", "volume")
TEXT = f"symbol,session,open,high,low,close,volume\n{GOOD}\n"


# ------------------------------------------------------------------------- what is accepted


def test_a_csv_file_is_read_as_it_is_documented(folder) -> None:
    folder.write("bars.csv", GOOD)
    assert folder.bars(*BAR, "source", "source_row") == [(*GOOD_BAR, "bars.csv", 2)]
    assert folder.findings() == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(TEXT.encode("utf-8-sig"), id="byte order mark"),
        pytest.param(TEXT.replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(TEXT.replace("\n", "\r").encode(), id="CR"),
        pytest.param(TEXT.rstrip().encode(), id="no line end at the end"),
        pytest.param(TEXT.replace(",", " , ").encode(), id="blanks around cells and names"),
        pytest.param(TEXT.replace("symbol,session", "Ticker,DATE").encode(), id="aliases"),
        pytest.param(TEXT.replace("2024-01-02", '"2024-01-02"').encode(), id="quoted cell"),
        pytest.param(TEXT.replace("symbol", '"symbol"').encode(), id="quoted name"),
        pytest.param(TEXT.replace("\nAAPL", "\n\n  \nAAPL").encode(), id="blank lines"),
    ],
)
def test_a_csv_file_may_be_written_in_other_ways(folder, content: bytes) -> None:
    folder.write_bytes("bars.csv", content)
    assert folder.bars(*BAR) == [GOOD_BAR]
    assert folder.findings() == []


def test_blank_lines_count_as_lines_of_the_file(folder) -> None:
    folder.write("bars.csv", "", GOOD, "", "")
    assert folder.bars("source_row") == [(3,)]


def test_a_gzipped_csv_file_is_read(folder) -> None:
    folder.write_bytes("bars.csv.gz", gzip.compress(TEXT.encode(), mtime=0))
    assert folder.bars(*BAR, "source") == [(*GOOD_BAR, "bars.csv.gz")]


@pytest.mark.parametrize("name", ["BRK.B.csv", "BRK.B.CSV", "BRK.B.parquet", "old/BRK.B.csv.gz"])
def test_a_file_without_symbols_is_about_the_one_it_is_named_for(folder, name: str) -> None:
    header, line = TEXT.replace("symbol,", "").replace("AAPL,", "").splitlines()
    if name.endswith("parquet"):
        folder.write_parquet(name)
        pl.read_parquet(folder.path / name).drop("symbol").write_parquet(folder.path / name)
    elif name.endswith("gz"):
        folder.write_bytes(name, gzip.compress(f"{header}\n{line}".encode(), mtime=0))
    else:
        folder.write(name, line, header=header)
    assert folder.bars("symbol", "session", "source") == [("BRK.B", dt.date(2024, 1, 2), name)]


def test_other_columns_are_ignored_even_without_or_with_equal_names(folder) -> None:
    header = f",note,note,Adj Close,{TEXT.splitlines()[0]}"
    folder.write("bars.csv", f"0,x,y,171.1,{GOOD}", header=header)
    assert folder.bars(*BAR) == [GOOD_BAR]


def test_a_documented_name_goes_before_its_alias(folder) -> None:
    folder.write("bars.csv", f"{GOOD},FACEBOOK", header=f"{TEXT.splitlines()[0]},ticker")
    assert folder.bars("symbol") == [("AAPL",)]


def test_csv_and_parquet_in_sub_folders_are_read_together(folder) -> None:
    folder.write("us/bars.csv", GOOD.replace("AAPL", "MSFT"))
    folder.write_parquet("us/more/bars.parquet")
    assert folder.bars("symbol", "open", "source", "source_row") == [
        ("AAPL", 1.0, "us/more/bars.parquet", 1),
        ("MSFT", 187.15, "us/bars.csv", 2),
    ]


@pytest.mark.parametrize("kind", [pl.Float32, pl.Int32, pl.UInt64, pl.Decimal(10, 2), pl.String])
def test_parquet_prices_may_be_of_any_type_of_number_or_text(folder, kind: pl.DataType) -> None:
    folder.write_parquet("bars.parquet", open=pl.Series([187]).cast(kind))
    assert folder.bars("open") == [(187.0,)]


def test_symbols_of_a_parquet_file_may_be_categories(folder) -> None:
    folder.write_parquet("bars.parquet", symbol=pl.Series(["AAPL"], dtype=pl.Categorical))
    assert folder.bars("symbol") == [("AAPL",)]


def test_hidden_files_and_other_files_are_left_alone(folder) -> None:
    folder.write("bars.csv", GOOD)
    folder.write("._bars.csv", "no bars")
    folder.write("readme.txt", "no bars")
    assert folder.bars("source") == [("bars.csv",)]
    assert folder.findings() == []


# -------------------------------------------------------------------- what is wrong with a file


def file_findings(folder) -> list[tuple[object, ...]]:
    folder.write("good.csv", GOOD)
    assert folder.bars(*BAR, "source") == [(*GOOD_BAR, "good.csv")]
    said = folder.findings("rule", "column", "value", "expected", "severity", "source")
    assert folder.findings("symbol", "session", "source_row", "row") == [(None,) * 4] * len(said)
    return said


def test_a_missing_column_is_named_with_those_found_and_the_nearest(folder) -> None:
    folder.write("bars.csv", GOOD, header="symbol,session,open,high,low,colse,volume")
    assert file_findings(folder) == [
        (
            *("missing_column", "close", "symbol, session, open, high, low, colse, volume"),
            *("a column called close, is it 'colse'?", "error", "bars.csv"),
        )
    ]


def test_several_missing_columns_are_one_finding(folder) -> None:
    folder.write("bars.csv", "AAPL,1,2", header="symbol,opening,volume")
    ((rule, column, value, expected, *_),) = file_findings(folder)
    assert (rule, column, value) == (
        *("missing_column", "session, open, high, low, close"),
        "symbol, opening, volume",
    )
    assert expected == (
        "a column called session (or date); a column called open, is it 'opening'?; "
        "a column called high; a column called low; a column called close"
    )


def test_a_misspelt_symbol_column_does_not_make_the_file_name_a_symbol(folder) -> None:
    folder.write("bars.csv", GOOD, header="symbl,session,open,high,low,close,volume")
    ((rule, column, _, expected, *_),) = file_findings(folder)
    assert (rule, column) == ("missing_column", "symbol")
    assert expected == "a column called symbol (or ticker), is it 'symbl'?"


def test_a_parquet_file_can_lack_a_column_too(folder) -> None:
    path = folder.write_parquet("bars.parquet")
    pl.read_parquet(path).rename({"volume": "vol"}).write_parquet(path)
    ((rule, column, value, expected, *_),) = file_findings(folder)
    assert (rule, column, value) == (
        *("missing_column", "volume"),
        "symbol, session, open, high, low, close, vol",
    )
    assert expected == "a column called volume, is it 'vol'?"


def test_semicolons_make_one_unknown_column(folder) -> None:
    folder.write_bytes("bars.csv", TEXT.replace(",", ";").encode())
    ((rule, _, value, *_),) = file_findings(folder)
    assert (rule, value) == ("missing_column", "symbol;session;open;high;low;close;volume")


def test_a_column_that_is_there_twice_is_not_chosen_from(folder) -> None:
    folder.write("bars.csv", f"{GOOD},1", header="symbol,session,open,high,low,close,volume,Close")
    assert file_findings(folder) == [
        (
            *("unreadable_file", "close", "2 columns called close", "one column called close"),
            *("error", "bars.csv"),
        )
    ]


@pytest.mark.parametrize(
    ("name", "content", "value"),
    [
        ("bars.csv", b"", "an empty file"),
        ("bars.csv", b"\n \n", "an empty file"),
        ("bars.csv", TEXT.replace("AAPL", "M\xfcRV").encode("latin-1"), "byte 0xfc in line 2"),
        ("bars.csv", TEXT.encode("utf-16"), "byte 0xff in line 1"),
        ("bars.csv", b'symbol,"session\n', "a misplaced quote in line 1"),
        ("bars.csv.gz", TEXT.encode(), "Not a gzipped file (b'sy')"),
        (
            *("bars.csv.gz", gzip.compress(TEXT.encode(), mtime=0)[:-20]),
            "Compressed file ended before the end-of-stream marker was reached",
        ),
        (
            *("bars.parquet", TEXT.encode()),
            "parquet: File out of specification: The file must end with PAR1 or PARE",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_one_finding(
    folder, name: str, content: bytes, value: str
) -> None:
    folder.write_bytes(name, content)
    ((rule, column, found, _, severity, source),) = file_findings(folder)
    assert (rule, column, found) == ("unreadable_file", None, value)
    assert (severity, source) == ("error", name)


def test_a_parquet_file_that_is_cut_short_is_one_finding(folder) -> None:
    path = folder.write_parquet("bars.parquet")
    path.write_bytes(path.read_bytes()[:-100])
    ((rule, *_, source),) = file_findings(folder)
    assert (rule, source) == ("unreadable_file", "bars.parquet")


def test_a_parquet_column_of_the_wrong_type_is_one_finding(folder) -> None:
    folder.write_parquet("a.parquet", open=[True])
    folder.write_parquet("b.parquet", session=[20240102])
    assert [row[:3] for row in file_findings(folder)] == [
        ("not_a_number", "open", "a column of type Boolean"),
        ("not_a_date", "session", "a column of type Int64"),
    ]


# -------------------------------------------------------------------- what is wrong with a line


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("AAPL,2024-01-03,1,2,0.5,1", "6 cells"),
        ("AAPL,2024-01-03,1,2,0.5,1,100,7", "8 cells"),
        ("AAPL,2024-01-03,1,2,0.5,1,1,000", "8 cells"),
        ('AAPL,2024-01-03,"1,2,0.5,1,100', "a misplaced quote"),
        ('AAPL,2024-01-03,"1"5,2,0.5,1,100', "a misplaced quote"),
    ],
)
def test_a_line_of_another_width_is_left_out_and_the_others_stay(
    folder, line: str, value: str
) -> None:
    folder.write("bars.csv", GOOD, line, GOOD.replace("01-02", "01-04"))
    assert folder.bars("session") == [(dt.date(2024, 1, 2),), (dt.date(2024, 1, 4),)]
    said = folder.findings("rule", "column", "value", "expected", "severity", "source_row", "row")
    assert said == [
        (
            *("unreadable_file", None, value, "7 cells, like the header line", "warning", 3),
            json.dumps({"line": line}, separators=(",", ":")),
        )
    ]


def test_a_header_inside_the_data_is_a_row_that_cannot_be_read(folder) -> None:
    folder.write("bars.csv", GOOD, TEXT.splitlines()[0])
    assert [(column, value) for _, column, value, _, _ in folder.findings()] == [
        *[("close", "close"), ("high", "high"), ("low", "low"), ("open", "open")],
        *[("session", "session"), ("volume", "volume")],
    ]
    assert folder.bars("source_row") == [(2,)]
