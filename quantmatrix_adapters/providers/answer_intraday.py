"""Rows of a provider's JSON answer as intraday bars, and a finding for each that cannot be read.

As for daily bars a null stays null, and prices are not judged here; nor are the moments, which may
be before the open or after the close.
"""

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import polars as pl

from quantmatrix_adapters.providers.answer_rows import (
    FINDINGS,
    NotANumber,
    Request,
    Row,
    finding,
    number,
    numbers_in,
)
from quantmatrix_adapters.providers.base import IntradayDelivery
from quantmatrix_adapters.providers.failures import ENDS_ASKING, Failure, failed
from quantmatrix_engine.calendars import EXCHANGE_TIME_ZONE
from quantmatrix_engine.contracts.intraday_bars import Interval
from quantmatrix_engine.contracts.raw_intraday_bars import RawIntradayBars
from quantmatrix_engine.errors import HttpError, ProviderError
from quantmatrix_engine.vocabulary import FindingRule

INTRADAY = RawIntradayBars.empty().schema
_LOG = logging.getLogger(__name__)
_NEW_YORK = ZoneInfo(EXCHANGE_TIME_ZONE)
_EXPECTED = "an answer with bars of five minutes"
_Question = TypeVar("_Question")


@dataclass(frozen=True)
class MomentRow:
    """One row of an answer: our symbol (None: one that was not asked for), when it starts (None:
    no moment), its cells by bar column as delivered, and the whole row for a finding.
    """

    symbol: str | None
    starts_at: dt.datetime | None
    cells: Mapping[str, Any]
    delivered: Any


def moment_of(text: Any) -> dt.datetime | None:
    """Gives the moment of an ISO text with a zone; None for anything else."""
    try:
        moment = dt.datetime.fromisoformat(text)
        return None if moment.tzinfo is None else moment.astimezone(dt.UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def moment_at(seconds: Any) -> dt.datetime | None:
    """Gives the moment so many seconds after 1970 (UTC); None where that is none."""
    try:
        value = number(seconds)
        return None if value is None else dt.datetime.fromtimestamp(value, dt.UTC)
    except (NotANumber, OverflowError, OSError, ValueError):
        return None


def read_intraday(request: Request, rows: Iterable[MomentRow]) -> IntradayDelivery:
    """Gives the bars of five minutes among `rows` (`source_row` counts from 1) and findings.

    A row of a date (New York) outside `request.asked` is a finding, one outside `wanted` left out.
    """
    bars: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for place, row in enumerate(rows, start=1):
        bar, problems = _read(request, place, row)
        found += problems
        if bar is not None:
            bars.append(bar)
    return IntradayDelivery(
        bars=pl.DataFrame(bars, schema=INTRADAY, orient="row"),
        findings=pl.DataFrame(found, schema=FINDINGS, orient="row"),
    )


def _read(
    request: Request, place: int, row: MomentRow
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    def problem(rule: FindingRule, column: str, value: Any, expected: str) -> dict[str, Any]:
        about = Row(row.symbol, None, {}, row.delivered)
        return finding(request, rule, about, column, value, expected, source_row=place)

    if row.symbol is None:
        wrong = FindingRule.UNKNOWN_SYMBOL
        return None, [problem(wrong, "symbol", row.delivered, "a symbol that was asked for")]
    if row.starts_at is None:
        wrong = FindingRule.NOT_A_DATE
        return None, [problem(wrong, "starts_at", row.delivered, "the moment the bar starts")]
    date = row.starts_at.astimezone(_NEW_YORK).date()
    if not request.asked[0] <= date <= request.asked[1]:
        expected = f"a moment of the dates from {request.asked[0]} to {request.asked[1]}, as asked"
        wrong = FindingRule.BROKEN_CONTRACT
        return None, [problem(wrong, "starts_at", row.starts_at.isoformat(), expected)]
    if not request.wanted[0] <= date <= request.wanted[1]:
        return None, []
    values, unreadable = numbers_in(row.cells)
    if unreadable:
        rule, expected = FindingRule.NOT_A_NUMBER, "a number such as 1234.5, or null"
        return None, [problem(rule, name, cell, expected) for name, cell in unreadable.items()]
    bar = {
        "provider": request.provider,
        "symbol": row.symbol,
        "interval": Interval.FIVE_MINUTES.value,
        "starts_at": row.starts_at,
        **values,
        "source": request.source,
        "source_row": place,
        "known_at": request.known_at,
    }
    return bar, []


def of_each(
    questions: Iterable[_Question],
    ask: Callable[[_Question], IntradayDelivery],
    *,
    provider: str,
) -> IntradayDelivery:
    """Gives what `ask` gives of the questions, one after the other; their text names them.

    An answer that cannot be used is a finding. So is a failure that ends the asking, once there is
    something to keep; before that it is raised, and so is the first one where no question was
    answered at all.
    """
    told: list[IntradayDelivery] = []
    failures: dict[str, Failure] = {}
    for question in questions:
        try:
            told.append(ask(question))
        except (ProviderError, HttpError) as failure:
            _LOG.warning("%s gives no intraday bars of %s: %s", provider, question, failure)
            failures[str(question)] = failure
            if isinstance(failure, ENDS_ASKING):
                break
    if failures and not told:
        raise next(iter(failures.values()))
    return joined_intraday(
        told,
        *(
            failed(provider, [failure], f"intraday bars of {asked}", _EXPECTED)
            for asked, failure in failures.items()
        ),
    )


def joined_intraday(
    deliveries: Iterable[IntradayDelivery], *findings: pl.DataFrame
) -> IntradayDelivery:
    """Gives all of the deliveries in one, sorted by symbol and moment, and further findings."""
    kept = list(deliveries)
    bars = [pl.DataFrame(schema=INTRADAY), *(one.bars for one in kept)]
    found = [pl.DataFrame(schema=FINDINGS), *(one.findings for one in kept), *findings]
    return IntradayDelivery(
        pl.concat(bars).sort("symbol", "starts_at", maintain_order=True), pl.concat(found)
    )
