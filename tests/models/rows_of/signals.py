"""Signals, their outcomes, notifications and alert rules."""

from decimal import Decimal
from typing import Any

from models.rows_of.moments import MOMENT, moment, session
from models.rows_of.users import CHANNELS


def rows(number: int, owner: int) -> dict[str, dict[str, Any]]:
    return {
        "signals": {
            "id": number,
            "session": session(owner),
            "strategy_id": owner,
            "run_id": owner,
            # A row beside the owner's first is about another instrument.
            "instrument_id": owner if number == owner else owner + 20,
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
            "channel": CHANNELS[owner],
        },
        "signal_outcomes": {
            "signal_id": owner,
            "through_session": session(number + 1),
            "stage": "triggered",
            "sessions_held": 1,
            "highest_price": Decimal(110),
            "lowest_price": Decimal(95),
            "return_pct": 5.0,
            "best_pct": 10.0,
            "worst_pct": -5.0,
            "computed_at": MOMENT,
        },
        "signal_stages": {
            "signal_id": owner,
            "stage": "triggered",
            "target": 0,
            "session": session(number + 1),
            "price": Decimal(100),
        },
        "alert_rules": {
            "id": number,
            "name": f"rule {number}",
            "instrument_id": owner,
            "conditions": [{"measure": "close", "comparison": ">", "value": 100}],
        },
        "alert_triggers": {
            "id": number,
            "rule_id": owner,
            "instrument_id": owner,
            "session": session(number),
            "triggered_at": moment(number),
            "detail": {},
        },
    }
