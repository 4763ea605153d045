"""Strategies and their runs."""

from typing import Any

from models.rows_of.moments import MOMENT, session


def rows(number: int, owner: int) -> dict[str, dict[str, Any]]:
    settings = {"params": {}, "universe": {}, "kind": "pullback"}
    this = {"id": number, "session": session(number)}
    return {
        "strategies": {"id": number, "name": f"strategy {number}"} | settings,
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
        },
        "withheld_signals": this
        | {
            "strategy_id": owner,
            "run_id": owner,
            "instrument_id": owner,
            "reason": "no_bar",
            "detail": "none",
        },
    }
