"""Signals and notifications."""

from decimal import Decimal
from typing import Any

from models.rows_of.moments import MOMENT, session
from models.rows_of.users import CHANNELS


def rows(number: int, owner: int) -> dict[str, dict[str, Any]]:
    return {
        "signals": {
            "id": number,
            "session": session(number),
            "strategy_id": owner,
            "run_id": owner,
            "instrument_id": owner,
            "action": "entry",
            "strength": 0.5,
            "price": Decimal(100),
            "stop": Decimal(90),
            "size_pct": Decimal(5),
            "size_basis": "account",
            "trace": [],
        },
        "notifications": {
            "id": number,
            "session": session(number),
            "channel": CHANNELS[number],
            "part": 1,
            "message": {},
            "status": "pending",
            "due_at": MOMENT,
        },
        "notification_signals": {
            "notification_id": owner,
            "signal_id": owner,
            "channel": CHANNELS[number],
        },
    }
