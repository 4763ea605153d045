"""Membership: which instruments were in an index on a session, those that have left it included."""

import datetime as dt
from dataclasses import dataclass

import polars as pl

from quantmatrix_engine.prices.identity import resolve
from quantmatrix_engine.vocabulary import FindingRule, Severity

_MOMENT = pl.Datetime("us", "UTC")
FILE_SCHEMA = {
    "index": pl.String,
    "symbol": pl.String,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
    "known_at": _MOMENT,
}


def members(
    memberships: pl.DataFrame, session: dt.date, *, known_by: dt.datetime | None = None
) -> pl.DataFrame:
    """Gives (index, instrument_id) of every index on a session (contract Memberships in).

    With `known_by` only what had been learned by that moment counts.
    """
    is_known = pl.lit(known_by is None) | (pl.col("known_at") <= pl.lit(known_by))
    return (
        memberships.filter(
            pl.col("valid_from") <= session,
            pl.col("valid_to").is_null() | (pl.col("valid_to") > session),
            is_known.fill_null(value=True),
        )
        .select("index", "instrument_id")
        .unique()
        .sort("index", "instrument_id")
    )


@dataclass(frozen=True)
class Membered:
    """Rows under instrument ids, and findings (contract Findings) of symbols that mean not one."""

    rows: pl.DataFrame
    findings: pl.DataFrame


def membered(
    told: pl.DataFrame, instruments: pl.DataFrame, *, source: str, today: dt.date
) -> Membered:
    """Gives what a list says of an index's members the ids their symbols had while they were in it.

    `told` has FILE_SCHEMA, or symbol, valid_from and valid_to of another list, and `source_row`;
    `instruments` keeps the contract Instruments. A symbol is looked up on the first date of its
    spell, and on the last (`today` where it is open): lists name members by the last symbol they
    had, too. Where both ends mean an instrument, it has to be the same.
    """
    last = pl.coalesce(pl.col("valid_to") - pl.duration(days=1), pl.lit(today))
    nowhere = pl.lit(None, dtype=pl.String)
    ends = told.with_columns(last=pl.max_horizontal(last, "valid_from"), exchange=nowhere)
    dates = pl.concat(
        [ends.select("symbol", "exchange", session=one) for one in ("valid_from", "last")]
    )
    meant = resolve(dates, instruments).drop("exchange")
    found = ends.drop("exchange")
    for one in ("valid_from", "last"):
        found = found.join(
            meant.rename({"session": one, "instrument_ids": f"{one}_ids"}),
            on=["symbol", one],
            how="left",
            maintain_order="left",
        )
    both = found.with_columns(ids=pl.col("valid_from_ids").list.set_union("last_ids").list.sort())
    clear = both.filter(pl.col("ids").list.len() == 1)
    return Membered(
        clear.select(*told.columns, instrument_id=pl.col("ids").list.first()),
        _unclear(both.filter(pl.col("ids").list.len() != 1), told.columns, source),
    )


def _unclear(rows: pl.DataFrame, told: list[str], source: str) -> pl.DataFrame:
    is_unknown = pl.col("ids").list.len() == 0
    ids = pl.col("ids").cast(pl.List(pl.String)).list.join(", ")
    return rows.select(
        provider=pl.lit("file"),
        symbol=pl.col("symbol"),
        session=pl.col("valid_from"),
        rule=pl.when(is_unknown)
        .then(pl.lit(FindingRule.UNKNOWN_SYMBOL.value))
        .otherwise(pl.lit(FindingRule.AMBIGUOUS_SYMBOL.value)),
        column=pl.lit("symbol"),
        value=pl.when(is_unknown)
        .then(pl.col("symbol"))
        .otherwise(pl.format("{}: instruments {}", "symbol", ids)),
        expected=pl.lit("a symbol of one instrument from the first date to the last"),
        severity=pl.lit(Severity.WARNING.value),
        source=pl.lit(source),
        source_row=pl.col("source_row").cast(pl.Int64),
        known_at=pl.lit(None, _MOMENT),
        row=pl.struct(told).struct.json_encode(),
    )
