"""What breaks the checks of the strategies' tables."""

from typing import Any

CASES: dict[str, dict[str, dict[str, Any]]] = {
    "strategy_runs": {
        "ck_strategy_runs_failed_with_error": {"error": "no bars"},
        "ck_strategy_runs_counts": {"withheld": -1},
    },
}
