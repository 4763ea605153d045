"""What breaks the checks of the market data's tables."""

from typing import Any

from models.rows_of.moments import session

CASES: dict[str, dict[str, dict[str, Any]]] = {
    "provider_fetches": {
        "ck_provider_fetches_session_range": {"last_session": session(2)},
        "ck_provider_fetches_counts": {"new_bars": -1},
    },
}
