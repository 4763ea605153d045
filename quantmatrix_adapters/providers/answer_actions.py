"""Rows of a provider's answer as corporate actions, and a finding for each that is none."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl

from quantmatrix_adapters.providers.answer_rows import (
    FINDINGS,
    NotANumber,
    Request,
    Row,
    finding,
    number,
)
from quantmatrix_adapters.providers.base import ActionDelivery
from quantmatrix_engine.contracts.raw_actions import CASH_DIVIDEND, SPLIT, RawActions
from quantmatrix_engine.vocabulary import FindingRule

ACTIONS = RawActions.empty().schema


@dataclass(frozen=True)
class ActionRow:
    """A split (`after` units for `before`) or a dividend (`amount` in `currency`), as delivered."""

    symbol: str | None
    ex_date: dt.date | None
    delivered: Any
    after: Any = None
    before: Any = None
    amount: Any = None
    currency: str | None = None

    @property
    def kind(self) -> str:
        """Gives which of the two it is: a dividend is what has an amount."""
        return SPLIT if self.currency is None else CASH_DIVIDEND


def read_actions(request: Request, rows: Iterable[ActionRow]) -> ActionDelivery:
    """Gives the actions with an ex-date in `request.wanted`, and findings about unreadable ones.

    A row without symbol is about one that was not asked for, and is passed over.
    """
    actions: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for place, row in enumerate(rows, start=1):
        if row.symbol is None:
            continue
        if row.ex_date is None:
            found.append(_problem(request, place, row, FindingRule.NOT_A_DATE, "ex_date"))
            continue
        if not request.wanted[0] <= row.ex_date <= request.wanted[1]:
            continue
        try:
            actions.append(_action(request, row, row.ex_date))
        except NotANumber:
            column = "ratio" if row.kind == SPLIT else "amount"
            found.append(_problem(request, place, row, FindingRule.NOT_A_NUMBER, column))
    return ActionDelivery(
        actions=pl.DataFrame(actions, schema=ACTIONS, orient="row"),
        findings=pl.DataFrame(found, schema=FINDINGS, orient="row"),
    )


def positive(cell: Any) -> float:
    """Gives a cell as a number above 0. Raises NotANumber."""
    value = number(cell)
    if value is None or value <= 0:
        raise NotANumber
    return value


def joined_actions(deliveries: Iterable[ActionDelivery]) -> ActionDelivery:
    """Gives all of the deliveries in one, sorted by symbol and ex-date."""
    kept = list(deliveries)
    return ActionDelivery(
        actions=pl.concat([pl.DataFrame(schema=ACTIONS), *(one.actions for one in kept)]).sort(
            "symbol", "ex_date", "kind", maintain_order=True
        ),
        findings=pl.concat([pl.DataFrame(schema=FINDINGS), *(one.findings for one in kept)]),
    )


def _action(request: Request, row: ActionRow, ex_date: dt.date) -> dict[str, Any]:
    is_split = row.kind == SPLIT
    return {
        "provider": request.provider,
        "symbol": row.symbol,
        "ex_date": ex_date,
        "kind": row.kind,
        "ratio": positive(row.after) / positive(row.before) if is_split else None,
        "amount": None if is_split else positive(row.amount),
        "currency": row.currency,
        "known_at": request.known_at,
        "source": request.source,
    }


def _problem(
    request: Request, place: int, row: ActionRow, rule: FindingRule, column: str
) -> dict[str, Any]:
    about = Row(row.symbol, row.ex_date, {}, row.delivered)
    expected = f"a {row.kind} with a date and numbers above 0"
    return finding(request, rule, about, column, row.delivered, expected, source_row=place)
