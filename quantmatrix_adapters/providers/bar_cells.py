"""Cells of bars as numbers and dates, and what is wrong with those that cannot be read.

Moments are first brought into three columns, of which at most one is not null: `plain` (a date),
`naive` (date and time without UTC offset) and `zoned` (a moment, in UTC).
"""

from dataclasses import dataclass

import polars as pl

from quantmatrix_adapters.providers.bar_files import NUMBERS
from quantmatrix_engine.calendars import EXCHANGE_TIME_ZONE
from quantmatrix_engine.vocabulary import FindingRule

LONGEST_SYMBOL = 32

_TIMESTAMP = (
    r"^(?<day>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?<clock>\d{2}:\d{2})(?::(?<second>\d{2}(?:\.\d{1,9})?))?"
    r"(?: ?(?<offset>Z|[+-][01]\d(?::?[0-5]\d)?))?)?$"
)
KEY = ("source", "source_row")
# A day that is a date without time ends a microsecond before the next.
_DAY_END = pl.duration(days=1) - pl.duration(microseconds=1)
# The forms the sessions of a file can have: the wall-clock time that all its rows must share. A
# plain date has none, so midnight stands for it.
_MIDNIGHT = pl.time(0)
_FORM_TIMES = {
    "plain": pl.when(pl.col("plain").is_not_null()).then(pl.time(0)),
    "naive": pl.col("naive").dt.time(),
    "New York": pl.col("zoned").dt.convert_time_zone(EXCHANGE_TIME_ZONE).dt.time(),
    "UTC": pl.col("zoned").dt.time(),
}
_FORM_WORDS = {
    "plain": "a plain date, YYYY-MM-DD",
    "naive": "a timestamp at {time} without UTC offset",
    "New York": "a timestamp with UTC offset that is {time} in New York",
    "UTC": "a timestamp with UTC offset that is {time} in UTC",
}


@dataclass(frozen=True)
class Reading:
    """What cells say.

    `bars` has source, source_row, symbol, session, the prices, volume and known_at (null where
    the file states none). `problems` has a row for each cell that cannot be read: source,
    source_row, symbol, session, rule, column, value, expected; none of their rows is in `bars`.
    """

    bars: pl.DataFrame
    problems: pl.DataFrame


def read_cells(cells: pl.DataFrame) -> Reading:
    """Gives the bars that cells say; the cells have the columns of `BarFile.cells` and source."""
    moments = moments_in(cells, "session").pipe(_with_form)
    published = moments_in(cells, "as_of")
    read = cells.select(
        *KEY,
        "symbol",
        _session(moments),
        *(number_in(cells, column) for column in NUMBERS),
        published_at(published),
    )
    problems = pl.concat(
        [
            symbol_problems(cells, read),
            _session_problems(cells, read, moments),
            *(number_problems(cells, read, column) for column in NUMBERS),
            as_of_problems(cells, read),
        ]
    )
    if not problems.is_empty():
        read = read.join(problems, on=KEY, how="anti", maintain_order="left")
    return Reading(bars=read, problems=problems)


# ---------------------------------------------------------------------------------- numbers


def number_in(cells: pl.DataFrame, column: str) -> pl.Series:
    """Gives the numbers; what is no finite one is null."""
    number = cells.get_column(column).cast(pl.Float64, strict=False)
    return number.to_frame().select(pl.when(pl.col(column).is_finite()).then(column)).to_series()


def number_problems(cells: pl.DataFrame, read: pl.DataFrame, column: str) -> pl.DataFrame:
    """Gives a problem for each cell of a column that is there and is no number."""
    return problems_at(
        cells,
        read,
        at=cells.get_column(column).is_not_null() & read.get_column(column).is_null(),
        rule=FindingRule.NOT_A_NUMBER,
        column=column,
        expected=pl.lit("a number such as 1234.5, without thousands separators, or nothing"),
    )


# ---------------------------------------------------------------------------------- symbols


def symbol_problems(cells: pl.DataFrame, read: pl.DataFrame) -> pl.DataFrame:
    """Gives a problem for each row without a symbol, or with one that is too long."""
    length = cells.get_column("symbol").str.len_chars().fill_null(0)
    return problems_at(
        cells,
        read,
        at=~length.is_between(1, LONGEST_SYMBOL),
        rule=FindingRule.MISSING_SYMBOL,
        column="symbol",
        expected=pl.lit(f"a symbol of 1 to {LONGEST_SYMBOL} characters"),
    )


# ---------------------------------------------------------------------------------- moments


def moments_in(cells: pl.DataFrame, column: str) -> pl.DataFrame:
    """Gives source, source_row, plain, naive and zoned of the moments in a column."""
    kind = cells.schema[column]
    cell = pl.col(column)
    plain: pl.Expr = pl.lit(None, pl.Date)
    naive: pl.Expr = pl.lit(None, pl.Datetime("us"))
    zoned: pl.Expr = pl.lit(None, pl.Datetime("us", "UTC"))
    if isinstance(kind, pl.Date):
        plain = cell
    elif isinstance(kind, pl.Datetime) and kind.time_zone is None:
        naive = cell.cast(pl.Datetime("us"))
    elif isinstance(kind, pl.Datetime):
        zoned = cell.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    else:
        return _moments_of_text(cells, column)
    return cells.select(*KEY, plain=plain, naive=naive, zoned=zoned)


def _moments_of_text(cells: pl.DataFrame, column: str) -> pl.DataFrame:
    parts = cells.select(
        *KEY, pl.col(column).cast(pl.String).str.extract_groups(_TIMESTAMP).alias("parts")
    ).unnest("parts")
    text = pl.format("{} {}:{}", "day", "clock", pl.col("second").fill_null("00"))
    local = text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    has_offset = pl.col("offset").is_not_null()
    return parts.select(
        *KEY,
        plain=pl.when(pl.col("clock").is_null()).then(
            pl.col("day").str.to_date("%Y-%m-%d", strict=False)
        ),
        naive=pl.when(~has_offset).then(local),
        zoned=pl.when(has_offset).then((local - _offset()).dt.replace_time_zone("UTC")),
    )


def _offset() -> pl.Expr:
    """Gives how far the wall clock is ahead of UTC: 0 for `Z`, else of `+hh`, `+hhmm`, `+hh:mm`."""
    digits = pl.col("offset").str.replace_all(r"\D", "")
    hours = digits.str.slice(0, 2).cast(pl.Int64, strict=False).fill_null(0)
    minutes = digits.str.slice(2, 2).cast(pl.Int64, strict=False).fill_null(0)
    sign = pl.when(pl.col("offset").str.starts_with("-")).then(-1).otherwise(1)
    return pl.duration(minutes=sign * (hours * 60 + minutes))


def _with_form(moments: pl.DataFrame) -> pl.DataFrame:
    """Adds the form most rows of the same file have: form, time, and `fits` where the row has it.

    Of forms equally frequent, one whose time is midnight counts before another, then the one that
    comes first in the file: in winter midnight UTC is also 19:00 in New York every day.
    """
    if moments.get_column("plain").null_count() == 0:
        return moments.with_columns(fits=pl.lit(value=True), form=pl.lit(""), time=pl.time(0))
    seen = pl.concat(
        [moments.select(*KEY, form=pl.lit(form), time=time) for form, time in _FORM_TIMES.items()]
    ).drop_nulls("time")
    usual = (
        seen.group_by("source", "form", "time")
        .agg(rows=pl.len(), first=pl.col("source_row").min())
        .sort("rows", pl.col("time") != _MIDNIGHT, "first", "form", descending=[True, *[False] * 3])
        .unique("source", keep="first", maintain_order=True)
        .select("source", "form", "time")
    )
    fits = [(pl.col("form") == form) & (at == pl.col("time")) for form, at in _FORM_TIMES.items()]
    return moments.join(usual, on="source", how="left", maintain_order="left").with_columns(
        fits=pl.any_horizontal(fit.fill_null(value=False) for fit in fits)
    )


def _session(moments: pl.DataFrame) -> pl.Series:
    """Gives the dates; null where the moment cannot be read or deviates from the file's form.

    Midnight UTC stands for the date itself; any other moment with an offset is of its date in New
    York.
    """
    is_date = (pl.col("form") == "UTC") & (pl.col("time") == _MIDNIGHT)
    local = pl.col("zoned").dt.convert_time_zone(EXCHANGE_TIME_ZONE).dt.date()
    zoned = pl.when(is_date).then(pl.col("zoned").dt.date()).otherwise(local)
    date = pl.coalesce("plain", pl.col("naive").dt.date(), zoned)
    return moments.select(session=pl.when("fits").then(date)).to_series()


def _session_problems(
    cells: pl.DataFrame, read: pl.DataFrame, moments: pl.DataFrame
) -> pl.DataFrame:
    said = moments.select(~pl.all_horizontal(pl.col("plain", "naive", "zoned").is_null()))
    is_moment = said.to_series()
    unreadable = problems_at(
        cells,
        read,
        at=~is_moment,
        rule=FindingRule.NOT_A_DATE,
        column="session",
        expected=pl.lit("a date YYYY-MM-DD, or a timestamp YYYY-MM-DD HH:MM:SS"),
    )
    deviating = problems_at(
        cells.with_columns(moments.get_column("form"), moments.get_column("time")),
        read,
        at=is_moment & ~moments.get_column("fits"),
        rule=FindingRule.MIXED_TIME_ZONE,
        column="session",
        expected=_usual_form(),
    )
    return pl.concat([unreadable, deviating])


def _usual_form() -> pl.Expr:
    words = pl.col("form").replace_strict(_FORM_WORDS, default=None, return_dtype=pl.String)
    told = words.str.replace("{time}", pl.col("time").dt.strftime("%H:%M:%S"), literal=True)
    return pl.lit("like most rows of the file, ") + told


# -------------------------------------------------------------------------------- published


def published_at(published: pl.DataFrame) -> pl.Series:
    """Gives `known_at`: the end of a plain date, and a moment without offset as of UTC."""
    return published.select(
        known_at=pl.coalesce(
            "zoned",
            pl.col("naive").dt.replace_time_zone("UTC"),
            (pl.col("plain").cast(pl.Datetime("us")) + _DAY_END).dt.replace_time_zone("UTC"),
        )
    ).to_series()


def as_of_problems(cells: pl.DataFrame, read: pl.DataFrame) -> pl.DataFrame:
    """Gives a problem for each moment of publication that is there and cannot be read."""
    return problems_at(
        cells,
        read,
        at=cells.get_column("as_of").is_not_null() & read.get_column("known_at").is_null(),
        rule=FindingRule.NOT_A_DATE,
        column="as_of",
        expected=pl.lit("a date YYYY-MM-DD, a timestamp YYYY-MM-DD HH:MM:SS, or nothing"),
    )


def problems_at(
    cells: pl.DataFrame,
    read: pl.DataFrame,
    *,
    at: pl.Series,
    rule: FindingRule,
    column: str,
    expected: pl.Expr,
) -> pl.DataFrame:
    """Gives a problem for each row where `at` is true."""
    return (
        cells.with_columns(read.get_column("session").alias("_session"))
        .filter(at)
        .select(
            *KEY,
            "symbol",
            session=pl.col("_session"),
            rule=pl.lit(rule.value),
            column=pl.lit(column),
            value=pl.col(column).cast(pl.String),
            expected=expected,
        )
    )
