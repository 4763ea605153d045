"""Market data."""

from typing import Any

from models.rows_of.moments import MOMENT, session


def rows(number: int, owner: int) -> dict[str, dict[str, Any]]:  # noqa: ARG001
    return {
        "provider_fetches": {
            "id": number,
            "provider": "sample",
            "version": "1",
            "first_session": session(number),
            "last_session": session(number),
            "bars": 1,
            "new_bars": 1,
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
    }
