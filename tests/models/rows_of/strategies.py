"""Strategies, their versions, runs, performance and backtests."""

from decimal import Decimal
from typing import Any

from models.rows_of.moments import MOMENT, session


def rows(number: int, owner: int) -> dict[str, dict[str, Any]]:
    settings = {"params": {}, "universe": {}, "kind": "pullback"}
    this = {"id": number, "session": session(number)}
    return {
        "strategies": {"id": number, "name": f"strategy {number}"} | settings,
        "strategy_versions": settings
        | {"id": number, "strategy_id": owner, "version": number, "valid_from": MOMENT},
        "resolved_universes": {"digest": bytes([number]) * 32, "instrument_ids": [number]},
        "strategy_runs": this
        | settings
        | {
            "strategy_id": owner,
            "kind_version": 1,
            "code_version": "1",
            "status": "succeeded",
            "candidates": 1,
            "signals": 1,
            "withheld": 0,
            "evaluated_at": MOMENT,
            "universe_digest": bytes([owner]) * 32,
        },
        "withheld_signals": this
        | {
            "strategy_id": owner,
            "run_id": owner,
            # A row beside the owner's first is about another instrument.
            "instrument_id": owner if number == owner else owner + 20,
            "session": session(owner),
            "reason": "no_bar",
            "detail": "none",
        },
        "told_failures": {"strategy_id": owner, "session": session(number), "part": 3},
        "strategy_performance": {
            "id": number,
            "strategy_id": owner,
            "source": "paper",
            "period": "day",
            "first_session": session(number),
            "last_session": session(number),
            "computed_at": MOMENT,
            "code_version": "1",
            "trades": 2,
            "winners": 1,
            "losers": 1,
            "total_return_pct": 0.5,
        },
        "backtest_runs": settings
        | {
            "id": number,
            "name": f"backtest {number}",
            "first_session": session(number),
            "last_session": session(number + 1),
            "initial_capital": Decimal(10_000),
            "requested_at": MOMENT,
        },
    }
