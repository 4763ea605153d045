"""What a provider's answer says of a company as fundamentals, and a finding for what it does not.

A figure that cannot be read is null and a finding; the other figures of the answer are taken.
"""

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from quantmatrix_adapters.providers.answer_rows import (
    FINDINGS,
    NotANumber,
    Request,
    Row,
    date_of,
    finding,
    number,
)
from quantmatrix_adapters.providers.base import FundamentalsDelivery
from quantmatrix_adapters.providers.failures import ENDS_ASKING, Failure, failed
from quantmatrix_engine.contracts.fundamentals import (
    FIGURES,
    NUMBERS_AND_WORDS,
    RawFundamentals,
)
from quantmatrix_engine.errors import HttpError, ProviderError
from quantmatrix_engine.vocabulary import FindingRule

_LOG = logging.getLogger(__name__)
_EXPECTED = "an answer with figures"
FUNDAMENTALS = RawFundamentals.empty().schema


@dataclass(frozen=True)
class Statement:
    """What an answer says of a symbol: `cells` by column of the contract, as delivered.

    The columns `of_one` are delivered as shares of one, and kept in per cent.
    """

    symbol: str
    cells: Mapping[str, Any]
    delivered: Any
    of_one: frozenset[str] = frozenset()


class _Unreadable(ValueError):
    """A cell is there and is not of its column's type."""

    def __init__(self, rule: FindingRule, expected: str) -> None:
        super().__init__(expected)
        self.rule = rule
        self.expected = expected


def read_figures(request: Request, statement: Statement) -> FundamentalsDelivery:
    """Gives the row a statement comes to, none where it has no figure at all.

    Its session is the last of `request.wanted`.
    """
    row: dict[str, Any] = dict.fromkeys(FIGURES)
    found = []
    about = Row(statement.symbol, request.wanted[1], {}, statement.delivered)
    for name, cell in statement.cells.items():
        try:
            value = _read(name, cell)
            row[name] = _in_percent(value) if name in statement.of_one else value
        except _Unreadable as wrong:
            found.append(finding(request, wrong.rule, about, name, cell, wrong.expected))
    key = {
        "symbol": statement.symbol,
        "provider": request.provider,
        "session": request.wanted[1],
        "known_at": request.known_at,
        "source": request.source,
    }
    says_something = any(row[name] is not None for name in NUMBERS_AND_WORDS)
    return FundamentalsDelivery(
        pl.DataFrame([key | row] if says_something else [], schema=FUNDAMENTALS, orient="row"),
        pl.DataFrame(found, schema=FINDINGS, orient="row"),
    )


def of_each(
    symbols: Sequence[str],
    ask: Callable[[str], FundamentalsDelivery],
    *,
    provider: str,
    session: dt.date,
) -> FundamentalsDelivery:
    """Gives what `ask` gives of the symbols, one after the other.

    An answer that cannot be used is a finding. So is a failure that ends the asking, once there is
    something to keep; before that it is raised.
    """
    told: list[FundamentalsDelivery] = []
    failures: dict[str, Failure] = {}
    for symbol in symbols:
        try:
            told.append(ask(symbol))
        except (ProviderError, HttpError) as failure:
            _LOG.warning("%s gives no fundamentals of %s: %s", provider, symbol, failure)
            failures[symbol] = failure
            if isinstance(failure, ENDS_ASKING):
                break
    if failures and not told:
        raise next(iter(failures.values()))
    return joined_figures(
        told,
        *(
            failed(provider, [failure], f"fundamentals of {symbol} for {session}", _EXPECTED)
            for symbol, failure in failures.items()
        ),
    )


def joined_figures(
    deliveries: Iterable[FundamentalsDelivery], *findings: pl.DataFrame
) -> FundamentalsDelivery:
    """Gives all of the deliveries in one, sorted by symbol and provider, and further findings."""
    kept = list(deliveries)
    rows = [pl.DataFrame(schema=FUNDAMENTALS), *(one.fundamentals for one in kept)]
    found = [pl.DataFrame(schema=FINDINGS), *(one.findings for one in kept), *findings]
    return FundamentalsDelivery(
        pl.concat(rows).sort("symbol", "provider", maintain_order=True), pl.concat(found)
    )


def _read(name: str, cell: Any) -> Any:
    return None if cell in (None, "") else _READERS[FUNDAMENTALS[name].base_type()](cell)


def _in_percent(value: float | None) -> float | None:
    # Rounded, since 100 times 0.0039 is not 0.39 in binary.
    return None if value is None else round(100 * value, 10)


def _date(cell: Any) -> dt.date:
    day = date_of(cell)
    if day is None:
        raise _Unreadable(FindingRule.NOT_A_DATE, "a date, such as 2026-09-30, or null")
    return day


def _text(cell: Any) -> str | None:
    if not isinstance(cell, str):
        raise _Unreadable(FindingRule.BROKEN_CONTRACT, "a text, or null")
    return cell.strip() or None


def _number(cell: Any) -> float | None:
    try:
        return number(cell)
    except NotANumber:
        expected = "a number such as 1234.5, or null"
        raise _Unreadable(FindingRule.NOT_A_NUMBER, expected) from None


def _whole(cell: Any) -> int:
    value = _number(cell)
    if value is None or not value.is_integer():
        raise _Unreadable(FindingRule.NOT_A_NUMBER, "a whole number, or null")
    return int(value)


_READERS: Mapping[Any, Callable[[Any], Any]] = {
    pl.Date: _date,
    pl.String: _text,
    pl.Float64: _number,
    pl.Int64: _whole,
}
