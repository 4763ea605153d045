"""Rows of a provider's JSON answer as bars, and a finding for each that cannot be read as one.

A null stays null: the quality gate finds it. What is there and is no number, and a moment that is
no date, is a finding here.
"""

import datetime as dt
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from quantmatrix_adapters.providers.base import Delivery
from quantmatrix_engine.calendars import EXCHANGE_TIME_ZONE
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.raw_bars import RawBars
from quantmatrix_engine.vocabulary import FindingRule, Severity

BARS = RawBars.empty().schema
FINDINGS = Findings.empty().schema
COLUMNS = ("open", "high", "low", "close", "volume")

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(T00:00:00(\.0+)?(Z|\+00:00))?")
_NEW_YORK = ZoneInfo(EXCHANGE_TIME_ZONE)
_VALUE_LIMIT = 200


@dataclass(frozen=True)
class Request:
    """One question to a provider, and how its rows are to be read.

    `source` is the request without secrets. `asked` is the range of sessions it was about: a row
    outside is a finding. `wanted` is the part of it that is delivered.
    """

    provider: str
    source: str
    asked: tuple[dt.date, dt.date]
    wanted: tuple[dt.date, dt.date]
    known_at: dt.datetime


@dataclass(frozen=True)
class Row:
    """One row of an answer: our symbol (None: one that was not asked for), when, and its cells.

    `cells` are by bar column, as delivered; `delivered` is the whole row, for a finding.
    """

    symbol: str | None
    session: dt.date | None
    cells: Mapping[str, Any]
    delivered: Any


class NotANumber(ValueError):
    """A cell is there and is no finite number."""


def number(cell: Any) -> float | None:
    """Gives a cell as a number, None where it is null. Raises NotANumber."""
    if cell is None:
        return None
    if isinstance(cell, str) and _NUMBER.fullmatch(cell):
        cell = float(cell)
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        raise NotANumber
    try:
        value = float(cell)
    except OverflowError:
        raise NotANumber from None
    if not math.isfinite(value):
        raise NotANumber
    return value


def numbers_in(cells: Mapping[str, Any]) -> tuple[dict[str, float | None], dict[str, Any]]:
    """Gives the prices and the volume of a row, and by column the cells that are no numbers."""
    values: dict[str, float | None] = {}
    unreadable: dict[str, Any] = {}
    for column in COLUMNS:
        try:
            values[column] = number(cells.get(column))
        except NotANumber:
            unreadable[column] = cells.get(column)
    return values, unreadable


def date_of(text: Any) -> dt.date | None:
    """Gives the date of `2023-01-03`, or of that at midnight UTC; None for anything else."""
    match = _DATE.fullmatch(text) if isinstance(text, str) else None
    try:
        return dt.date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def date_at(seconds: Any, zone: ZoneInfo = _NEW_YORK) -> dt.date | None:
    """Gives the date in `zone` at `seconds` after 1970 (UTC); None where there is none."""
    try:
        value = number(seconds)
        moment = None if value is None else dt.datetime.fromtimestamp(value, zone)
    except (NotANumber, OverflowError, OSError, ValueError):
        return None
    return None if moment is None else moment.date()


def read_rows(request: Request, rows: Iterable[Row]) -> Delivery:
    """Gives the bars among `rows` (`source_row` counts from 1) and the findings about the others.

    Bars keep the order of the answer.
    """
    bars: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for place, row in enumerate(rows, start=1):
        bar, problems = _read(request, place, row)
        found += problems
        if bar is not None:
            bars.append(bar)
    return Delivery(
        bars=pl.DataFrame(bars, schema=BARS, orient="row"),
        findings=pl.DataFrame(found, schema=FINDINGS, orient="row"),
    )


def _read(
    request: Request, place: int, row: Row
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    def problem(rule: FindingRule, column: str | None, value: Any, expected: str) -> dict[str, Any]:
        return finding(request, rule, row, column, value, expected, source_row=place)

    if row.symbol is None:
        wrong = FindingRule.UNKNOWN_SYMBOL
        return None, [problem(wrong, "symbol", row.delivered, "a symbol that was asked for")]
    if row.session is None:
        wrong = FindingRule.NOT_A_DATE
        return None, [problem(wrong, "session", row.delivered, "the moment or date of a session")]
    if not request.asked[0] <= row.session <= request.asked[1]:
        expected = f"a session from {request.asked[0]} to {request.asked[1]}, as asked"
        wrong = FindingRule.BROKEN_CONTRACT
        return None, [problem(wrong, "session", str(row.session), expected)]
    if not request.wanted[0] <= row.session <= request.wanted[1]:
        return None, []
    values, unreadable = numbers_in(row.cells)
    if unreadable:
        rule, expected = FindingRule.NOT_A_NUMBER, "a number such as 1234.5, or null"
        return None, [problem(rule, name, cell, expected) for name, cell in unreadable.items()]
    bar = {
        "provider": request.provider,
        "symbol": row.symbol,
        "session": row.session,
        **values,
        "source": request.source,
        "source_row": place,
        "known_at": request.known_at,
    }
    return bar, []


def finding(
    request: Request,
    rule: FindingRule,
    row: Row | None,
    column: str | None,
    value: Any,
    expected: str,
    *,
    source_row: int | None = None,
) -> dict[str, Any]:
    """Gives one row of the contract Findings about an answer, or a row of it: a warning."""
    return {
        "provider": request.provider,
        "symbol": None if row is None else row.symbol,
        "session": None if row is None else row.session,
        "rule": rule.value,
        "column": column,
        "value": None if value is None else str(value)[:_VALUE_LIMIT],
        "expected": expected,
        "severity": Severity.WARNING.value,
        "source": request.source,
        "source_row": source_row,
        "known_at": request.known_at,
        "row": None if row is None else _as_json(row.delivered),
    }


def _as_json(delivered: Any) -> str:
    try:
        return json.dumps(delivered, allow_nan=False)
    except ValueError:
        # NaN and Infinity are numbers to Python and to no other reader of JSON.
        return json.dumps({"text": str(delivered)})


def joined(deliveries: Iterable[Delivery]) -> Delivery:
    """Gives all of the deliveries in one, sorted by symbol and session."""
    kept = list(deliveries)
    return Delivery(
        bars=pl.concat([pl.DataFrame(schema=BARS), *(one.bars for one in kept)]).sort(
            "symbol", "session", maintain_order=True
        ),
        findings=pl.concat([pl.DataFrame(schema=FINDINGS), *(one.findings for one in kept)]),
    )
