"""Intraday bars of a long stretch in parts: what is asked for at once, and what is written at once.

500 symbols have some 820,000 bars of five minutes in a month; all of them in memory, with what is
made of them on the way, are 1.6 GB.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import polars as pl

from quantmatrix_adapters.providers.bar_parts import BarParts
from quantmatrix_adapters.providers.base import IntradayDelivery
from quantmatrix_adapters.providers.intraday_failover import IntradayFailover, Question
from quantmatrix_engine import calendars
from quantmatrix_engine.contracts import quarantine
from quantmatrix_engine.contracts.intraday_bars import SAID, IntradayBars
from quantmatrix_engine.contracts.raw_intraday_bars import RawIntradayBars
from quantmatrix_engine.prices.identity import resolve
from quantmatrix_engine.prices.intraday import in_kept_intervals
from quantmatrix_engine.prices.intraday_quality import sort_out, without_session
from quantmatrix_engine.prices.restatement import INTRADAY_KEY, INTRADAY_VALUES, unseen
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.lake import Lake

TABLE = "intraday_bars"
SYMBOLS_AT_ONCE = 50
"""Symbols one part asks for: some 80,000 bars of five minutes in a month."""
ROWS_AT_ONCE = 250_000
"""Rows of whole sessions that one commit writes; one session may have more."""


def questions(
    symbols: Sequence[str],
    first: dt.date,
    last: dt.date,
    catalogue: pl.DataFrame,
    *,
    at_once: int = SYMBOLS_AT_ONCE,
) -> Iterator[Question]:
    """Gives what is asked for part by part: `at_once` symbols, or a session where none is named.

    Symbols that mean one instrument on the last session stand in one part, so that two that bring
    its bars are held against each other.
    """
    if not symbols:
        for session in calendars.sessions(first, last):
            yield [], session, session
        return
    part: list[str] = []
    for same in _of_one_instrument(symbols, last, catalogue):
        if part and len(part) + len(same) > at_once:
            yield part, first, last
            part = []
        part = [*part, *same]
    yield part, first, last


def meant(symbols: Sequence[str], session: dt.date, catalogue: pl.DataFrame) -> pl.DataFrame:
    """Gives symbol and instrument_id of those that mean an instrument on a session."""
    asked = pl.DataFrame({"symbol": list(symbols)}, schema={"symbol": pl.String}).with_columns(
        session=pl.lit(session), exchange=pl.lit(None, pl.String)
    )
    told = resolve(asked, catalogue).explode("instrument_ids").drop_nulls("instrument_ids")
    return told.select("symbol", instrument_id="instrument_ids")


def _of_one_instrument(
    symbols: Sequence[str], session: dt.date, catalogue: pl.DataFrame
) -> Iterator[list[str]]:
    ids = dict(meant(symbols, session, catalogue).iter_rows())
    unknown = [[symbol] for symbol in symbols if symbol not in ids]
    known = sorted((symbol for symbol in symbols if symbol in ids), key=ids.__getitem__)
    yield from (list(same) for _, same in groupby(known, key=ids.__getitem__))
    yield from unknown


@dataclass(frozen=True)
class Screened:
    """Bars in the intervals that are kept, findings, and how many bars were left out."""

    bars: pl.DataFrame
    findings: pl.DataFrame
    outside: int
    refused: int


def delivered(
    feed: IntradayFailover, questions: Iterable[Question], clock: Clock
) -> Iterator[IntradayDelivery]:
    """Gives what the providers say, part by part, known from the moment its last answer was there.

    A row whose file states since when it is known keeps that.
    """
    asked_at = clock()
    for told in feed.parts(questions, known_at=asked_at):
        asked, answered = (
            pl.lit(moment).cast(pl.Datetime("us", "UTC")) for moment in (asked_at, clock())
        )
        known_at = pl.when(pl.col("known_at") == asked).then(answered).otherwise("known_at")
        yield IntradayDelivery(told.bars.with_columns(known_at=known_at), told.findings)


def known(
    lake: Lake, delivery: IntradayDelivery, catalogue: pl.DataFrame, first: dt.date, last: dt.date
) -> pl.DataFrame:
    """Gives what the lake has of the instruments that the symbols of a part ever meant."""
    symbols = delivery.bars.get_column("symbol").unique()
    ids = catalogue.filter(pl.col("symbol").is_in(symbols.implode()))["instrument_id"].unique()
    if ids.is_empty():
        return IntradayBars.empty()
    starts, day = pl.col("starts_at"), dt.timedelta(days=1)
    begin, end = delivery.bars.select(
        first=starts.min().dt.date() - day, last=starts.max().dt.date() + day
    ).row(0)
    return lake.read(
        "intraday_bars",
        first=max(first, begin),
        last=min(last, end),
        keep=pl.col("instrument_id").is_in(ids.to_list()),
    )


def screened(told: IntradayDelivery, catalogue: pl.DataFrame, known: pl.DataFrame) -> Screened:
    """Gives the bars of a part that can be kept, and what is wrong with the others.

    `known` are the bars kept before: hours are made of their five minutes, too.
    """
    raw = quarantine.part(RawIntradayBars, told.bars, provider="intraday", key=SAID)
    sorted_out = sort_out(raw.good, catalogue)
    kept = quarantine.part(
        IntradayBars,
        in_kept_intervals(sorted_out.bars, known),
        provider="intraday",
        key=("instrument_id", "interval", "starts_at"),
    )
    found = [told.findings, raw.findings, sorted_out.findings, without_session(kept.findings)]
    refused = raw.bad_rows + sorted_out.refused + kept.bad_rows
    return Screened(kept.good, pl.concat(found), sorted_out.outside, refused)


def new(bars: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Gives the bars that say something new, in their order."""
    return unseen(bars, known, key=INTRADAY_KEY, values=INTRADAY_VALUES)


class Written:
    """The new bars of a stretch: put aside part by part, then written session by session.

    Until `write` the lake has none of them.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._parts = BarParts()

    def add(self, bars: pl.DataFrame) -> None:
        """Adds new bars of a part (contract IntradayBars)."""
        if bars.height:
            self._parts.add(bars)
            self.rows += bars.height

    def write(
        self, lake: Lake, *, note: str | None = None, rows_at_once: int = ROWS_AT_ONCE
    ) -> None:
        """Adds them to the lake, whole sessions at a time; the last commit keeps the note."""
        together = list(self._sessions(rows_at_once))
        for first, last in together[:-1]:
            lake.append(TABLE, self._of(first, last))
        rows = self._of(*together[-1]) if together else IntradayBars.empty()
        lake.append(TABLE, rows, note=note)

    def _sessions(self, rows_at_once: int) -> Iterator[tuple[dt.date, dt.date]]:
        """Gives ranges of sessions that are written together."""
        if self._parts.is_empty():
            return
        counted = self._parts.scan().group_by("session").len().sort("session").collect()
        together: list[dt.date] = []
        rows = 0
        for session, count in counted.iter_rows():
            if together and rows + count > rows_at_once:
                yield together[0], together[-1]
                together, rows = [], 0
            together.append(session)
            rows += count
        yield together[0], together[-1]

    def _of(self, first: dt.date, last: dt.date) -> pl.DataFrame:
        of_sessions = self._parts.scan().filter(pl.col("session").is_between(first, last))
        key = ("instrument_id", "provider", "interval", "starts_at", "known_at")
        return of_sessions.collect().sort(key)
