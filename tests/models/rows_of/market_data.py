"""Market data."""

import datetime as dt
from decimal import Decimal
from typing import Any

from models.rows_of.moments import MOMENT, session


def rows(number: int, owner: int) -> dict[str, dict[str, Any]]:
    return {
        "data_providers": {"name": f"provider-{number}", "monthly_cost_usd": Decimal(20)},
        "provider_usage": {
            "provider": f"provider-{owner}",
            "window_kind": "day",
            "window_start": dt.datetime(2026, 1, number, tzinfo=dt.UTC),
            "requests": 2,
            "failures": 1,
        },
        "provider_fetches": {
            "id": number,
            "provider": f"provider-{owner}",
            "version": "1",
            "first_session": session(number),
            "last_session": session(number),
            "rows": 1,
            "new_rows": 1,
            "fetched_at": MOMENT,
            "dagster_run_id": "run",
        },
        "findings": {
            "id": number,
            "provider": "sample",
            "rule": "null_price",
            "expected": "a price",
            "severity": "error",
            "source": "bars.csv",
            "source_row": number,
        },
        "market_snapshots": {
            "instrument_id": owner,
            "session": session(number),
            "known_at": MOMENT,
            "provider": f"provider-{owner}",
            "close": Decimal(100),
            "indicators": {"rsi": 55.5, "sma_200": None},
            "computed_at": MOMENT,
        },
    }
