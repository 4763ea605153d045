"""What breaks the checks of the signals' tables."""

from typing import Any

CASES: dict[str, dict[str, dict[str, Any]]] = {
    "signals": {
        "ck_signals_strength_in_range": {"strength": 1.5},
        "ck_signals_price_positive": {"action": "exit", "price": 0, "stop": None},
        "ck_signals_stop_below_price": {"stop": 100},
        "ck_signals_targets_ordered": {"target_1": 120, "target_2": 110},
        "ck_signals_size_in_range": {"size_pct": 101},
        "ck_signals_level_of_scale_out": {"level": 2},
        "ck_signals_entry_has_stop": {"stop": None},
        "ck_signals_risk_reward_is_finite": {"risk_reward": float("inf")},
    },
    "notifications": {
        "ck_notifications_leased_until": {"status": "leased"},
        "ck_notifications_sent_with_message": {"status": "sent"},
        "ck_notifications_reason_given": {"status": "failed"},
        "ck_notifications_counts": {"attempts": -1},
    },
}
