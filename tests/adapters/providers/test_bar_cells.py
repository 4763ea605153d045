"""How the folder provider reads a cell, and what it says about one it cannot read."""

import datetime as dt
import json
import math

import polars as pl
import pytest

BAR = ("symbol", "session", "open", "high", "low", "close", "volume")
NOT_A_NUMBER = "a number such as 1234.5, without thousands separators, or nothing"
NOT_A_DATE = "a date YYYY-MM-DD, or a timestamp YYYY-MM-DD HH:MM:SS"
ASKED_AT = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)


def bar(*, session: str = "2024-01-02", price: str = "1", symbol: str = "AAPL") -> str:
    return f'{symbol},{session},"{price}",2,0.5,1,100'


# ---------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1.0), (" 1.50 ", 1.5), ("1e3", 1000.0), ("-1", -1.0), ("0", 0.0), (".5", 0.5)],
)
def test_a_number_may_be_written_in_any_usual_way(folder, text: str, number: float) -> None:
    folder.write("bars.csv", bar(price=text))
    assert folder.bars("open") == [(number,)]
    assert folder.findings() == []


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_cell_is_left_to_the_quality_gate(folder, text: str) -> None:
    folder.write("bars.csv", bar(price=text))
    assert folder.bars("open") == [(None,)]
    assert folder.findings() == []


@pytest.mark.parametrize(
    "text",
    ["a lot", "nan", "NaN", "inf", "-Infinity", "1e999", "1,000", "1 000", "$5", "5%", "null", "-"],
)
def test_what_is_no_finite_number_is_named_with_file_line_column_and_value(
    folder, text: str
) -> None:
    folder.write("bars.csv", bar(), bar(session="2024-01-03", price=text))
    assert folder.bars("session") == [(dt.date(2024, 1, 2),)]
    assert folder.deliver().findings.row(0, named=True) == {
        "provider": "folder",
        "symbol": "AAPL",
        "session": dt.date(2024, 1, 3),
        "rule": "not_a_number",
        "column": "open",
        "value": text,
        "expected": NOT_A_NUMBER,
        "severity": "warning",
        "source": "bars.csv",
        "source_row": 3,
        "known_at": None,
        "row": json.dumps(
            dict(zip(BAR, ("AAPL", "2024-01-03", text, "2", "0.5", "1", "100"), strict=True)),
            separators=(",", ":"),
        ),
    }


def test_each_bad_cell_of_a_row_is_a_finding_under_the_bars_name_of_its_column(folder) -> None:
    header = "Ticker,Date,Open,High,Low,Close,Volume"
    folder.write("bars.csv", bar(), "AAPL,2024-01-03,one,2,0.5,1,many", header=header)
    assert folder.findings() == [
        ("not_a_number", "open", "one", "bars.csv", 3),
        ("not_a_number", "volume", "many", "bars.csv", 3),
    ]
    assert json.loads(folder.findings("row")[0][0])["Volume"] == "many"


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_float_of_a_parquet_file_must_be_finite(folder, number: float) -> None:
    days = [dt.date(2024, 1, 2), dt.date(2024, 1, 3), dt.date(2024, 1, 4)]
    same = dict.fromkeys(["high", "low", "close", "volume"], pl.repeat(1.0, 3, eager=True))
    folder.write_parquet(
        "bars.parquet",
        **{"symbol": ["AAPL"] * 3, "session": days, "open": [1.0, number, None], **same},
        bytes_json_has_no_form_for=[b"\xff"] * 3,
    )
    assert folder.bars("open") == [(1.0,), (None,)]
    ((rule, column, value, source, row),) = folder.findings()
    assert (rule, column, source, row) == ("not_a_number", "open", "bars.parquet", 2)
    assert value.lower() == str(number)


# ---------------------------------------------------------------------------------- symbols


@pytest.mark.parametrize(("symbol", "value"), [("", None), ("  ", None), ("X" * 33, "X" * 33)])
def test_a_row_without_a_symbol_is_left_out(folder, symbol: str, value: str | None) -> None:
    folder.write("bars.csv", bar(), bar(symbol=symbol))
    assert folder.bars("symbol") == [("AAPL",)]
    assert folder.findings() == [("missing_symbol", "symbol", value, "bars.csv", 3)]
    assert folder.findings("expected") == [("a symbol of 1 to 32 characters",)]


@pytest.mark.parametrize("symbol", ["NA", "null", "NAN", "TRUE", "1"])
def test_a_symbol_that_looks_like_something_else_is_a_symbol(folder, symbol: str) -> None:
    folder.write("bars.csv", bar(symbol=symbol))
    assert folder.bars("symbol") == [(symbol,)]


# ------------------------------------------------------------------------------------ dates


@pytest.mark.parametrize(
    ("text", "session"),
    [
        ("2024-01-02", dt.date(2024, 1, 2)),
        ("2024-01-02 00:00:00", dt.date(2024, 1, 2)),
        ("2024-01-02T16:00", dt.date(2024, 1, 2)),
        ("2024-01-02 16:00:00.000", dt.date(2024, 1, 2)),
        ("2024-01-02T00:00:00-05:00", dt.date(2024, 1, 2)),
        ("2024-01-02T21:00:00Z", dt.date(2024, 1, 2)),
        # 03:00 UTC is 22:00 in New York the evening before; 13:00 in Tokyo is 23:00 there.
        ("2024-01-03 03:00:00+00", dt.date(2024, 1, 2)),
        ("2024-01-03 13:00:00 +0900", dt.date(2024, 1, 2)),
    ],
)
def test_a_timestamp_with_offset_is_of_its_date_in_new_york(folder, text, session) -> None:
    folder.write("bars.csv", bar(session=text))
    assert folder.bars("session") == [(session,)]
    assert folder.findings() == []


@pytest.mark.parametrize(
    "text",
    [
        *["01/02/2024", "2024/01/02", "20240102", "2024-1-2", "2024-02-30", "2024-13-01", "soon"],
        *["2024-01-02 25:00", "2024-01-02 16:00 EST", "2024-01-02T16:00+99:00", "1704171600"],
    ],
)
def test_what_is_no_date_is_named(folder, text: str) -> None:
    folder.write("bars.csv", bar(), bar(session=text))
    assert folder.bars("session") == [(dt.date(2024, 1, 2),)]
    assert folder.findings() == [("not_a_date", "session", text, "bars.csv", 3)]
    assert folder.findings("symbol", "session", "expected") == [("AAPL", None, NOT_A_DATE)]


def test_an_empty_date_is_no_date(folder) -> None:
    folder.write("bars.csv", bar(), bar(session=""))
    assert folder.findings() == [("not_a_date", "session", None, "bars.csv", 3)]


# ------------------------------------------------------------------------------- time zones

# Each case: the form of most rows, one row of another form, and what is said about that one.
MIXED = {
    "a timestamp among dates": (
        *(["2024-01-02", "2024-01-03"], "2024-01-04 16:00:00"),
        "like most rows of the file, a plain date, YYYY-MM-DD",
    ),
    "a date among timestamps": (
        *(["2024-01-02 16:00:00", "2024-01-03 16:00:00"], "2024-01-04"),
        "like most rows of the file, a timestamp at 16:00:00 without UTC offset",
    ),
    "another time of day": (
        *(["2024-01-02 16:00:00", "2024-01-03 16:00:00"], "2024-01-04 09:30:00"),
        "like most rows of the file, a timestamp at 16:00:00 without UTC offset",
    ),
    "an offset among none": (
        *(["2024-01-02 16:00:00", "2024-01-03 16:00:00"], "2024-01-04 16:00:00Z"),
        "like most rows of the file, a timestamp at 16:00:00 without UTC offset",
    ),
    "no offset among offsets": (
        *(["2024-01-02T05:00:00Z", "2024-07-02T04:00:00Z"], "2024-07-03T05:00:00"),
        "like most rows of the file, a timestamp with UTC offset that is 00:00:00 in New York",
    ),
    "UTC among New York": (
        *(["2024-01-02T00:00:00-05:00", "2024-07-02T00:00:00-04:00"], "2024-07-03T00:00:00Z"),
        "like most rows of the file, a timestamp with UTC offset that is 00:00:00 in New York",
    ),
    "New York among UTC": (
        *(["2024-01-02T20:00:00Z", "2024-07-02T20:00:00Z"], "2024-01-03T20:00:00-05:00"),
        "like most rows of the file, a timestamp with UTC offset that is 20:00:00 in UTC",
    ),
}


@pytest.mark.parametrize("case", MIXED)
def test_a_row_whose_date_has_another_form_than_most_is_left_out(folder, case: str) -> None:
    usual, other, expected = MIXED[case]
    folder.write("bars.csv", bar(session=other), *(bar(session=text) for text in usual))
    days = [(dt.date.fromisoformat(text[:10]),) for text in usual]
    assert folder.bars("session") == days
    assert folder.findings() == [("mixed_time_zone", "session", other, "bars.csv", 2)]
    assert folder.findings("session", "expected") == [(None, expected)]


def test_one_file_may_have_another_form_than_the_next(folder) -> None:
    folder.write("a.csv", bar(session="2024-01-02"))
    folder.write("b.csv", bar(session="2024-01-03 16:00:00"))
    folder.write("c.csv", bar(session="2024-01-04T21:00:00Z"))
    assert [day.day for (day,) in folder.bars("session")] == [2, 3, 4]
    assert folder.findings() == []


def test_of_two_forms_equally_frequent_the_first_of_the_file_counts(folder) -> None:
    folder.write("a.csv", bar(session="2024-01-02"), bar(session="2024-01-03 00:00"))
    folder.write("b.csv", bar(session="2024-01-03 00:00"), bar(session="2024-01-02"))
    assert folder.bars("source", "source_row") == [("a.csv", 2), ("b.csv", 2)]
    assert [row[3:] for row in folder.findings()] == [("a.csv", 3), ("b.csv", 3)]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_timestamps_of_a_parquet_file_are_held_to_the_same(folder, unit, zone) -> None:
    """21:00 in UTC and in New York the same date; 21:00 in Tokyo is 07:00 in New York."""
    times = [dt.datetime(2024, 1, day, 21 - (day == 4)) for day in (2, 3, 4)]  # noqa: DTZ001
    stamps = pl.Series(times).dt.replace_time_zone(zone).dt.cast_time_unit(unit)
    same = dict.fromkeys(["open", "high", "low", "close", "volume"], pl.repeat(1.0, 3, eager=True))
    folder.write_parquet("bars.parquet", symbol=["AAPL"] * 3, session=stamps, **same)
    assert [day.day for (day,) in folder.bars("session")] == [2, 3]
    ((rule, column, _, _, row),) = folder.findings()
    assert (rule, column, row) == ("mixed_time_zone", "session", 3)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (pl.Date, 19_724, 2_000_000_000),  # 2024-01-02 is 19,724 days after 1970-01-01
        (pl.Datetime("us"), 19_724 * 86_400_000_000, 19_724 * 86_400_000_000_000),
        (pl.Datetime("ms", "UTC"), 19_724 * 86_400_000, 19_724 * 86_400_000_000),
    ],
)
def test_a_parquet_date_that_no_calendar_has_costs_its_row_only(folder, kind, good, bad) -> None:
    """Nanoseconds taken for microseconds are the usual reason."""
    days = pl.Series([good, bad]).cast(pl.Int32 if kind == pl.Date else pl.Int64).cast(kind)
    same = dict.fromkeys(["open", "high", "low", "close", "volume"], pl.repeat(1.0, 2, eager=True))
    folder.write_parquet("bars.parquet", symbol=["AAPL"] * 2, session=days, **same)
    # Midnight in UTC stands for the date itself.
    assert folder.bars("session") == [(dt.date(2024, 1, 2),)]
    value = f"{bad} out of range"
    assert folder.findings() == [("not_a_date", "session", value, "bars.parquet", 2)]
    assert json.loads(folder.findings("row")[0][0])["session"] == value


# -------------------------------------------------------------------------------- published


@pytest.mark.parametrize("name", ["as_of", "known_at", " AS_OF "])
@pytest.mark.parametrize(
    ("text", "known_at"),
    [
        ("2024-01-03", dt.datetime(2024, 1, 3, 23, 59, 59, 999999, tzinfo=dt.UTC)),
        ("2024-01-03 01:02:03", dt.datetime(2024, 1, 3, 1, 2, 3, tzinfo=dt.UTC)),
        ("2024-01-02T18:30:00-05:00", dt.datetime(2024, 1, 2, 23, 30, tzinfo=dt.UTC)),
        ("", ASKED_AT),
    ],
)
def test_a_row_may_say_when_it_was_published(folder, name, text, known_at) -> None:
    header = f"symbol,session,open,high,low,close,volume,{name}"
    folder.write("bars.csv", f"{bar()},{text}", header=header)
    assert folder.bars("known_at") == [(known_at,)]
    assert folder.findings() == []


def test_a_moment_of_publication_that_cannot_be_read_is_a_finding(folder) -> None:
    header = "symbol,session,open,high,low,close,volume,as_of"
    folder.write("bars.csv", f"{bar()},2024-01-03", f"{bar()},yesterday", header=header)
    assert folder.bars("source_row") == [(2,)]
    assert folder.findings() == [("not_a_date", "as_of", "yesterday", "bars.csv", 3)]
    assert folder.findings("session", "expected") == [
        (
            dt.date(2024, 1, 2),
            "a date YYYY-MM-DD, a timestamp YYYY-MM-DD HH:MM:SS, or nothing",
        )
    ]
