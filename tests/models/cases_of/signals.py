"""What breaks the checks of the signals' tables."""

from typing import Any

from models.rows_of.moments import MOMENT, session
from models.rows_of.users import CHANNELS

UNHELD = {"stage": "pending"} | dict.fromkeys(
    ("highest_price", "lowest_price", "return_pct", "best_pct", "worst_pct")
)

CASES: dict[str, dict[str, dict[str, Any]]] = {
    "signals": {
        "ck_signals_targets_above_price": {"target_1": 100},
        "ck_signals_strength_in_range": {"strength": 1.5},
        "ck_signals_price_positive": {"action": "exit", "price": 0, "stop": None},
        "ck_signals_stop_below_price": {"stop": 100},
        "ck_signals_targets_ordered": {"target_1": 120, "target_2": 110},
        "ck_signals_size_in_range": {"size_pct": 101},
        "ck_signals_level_of_scale_out": {"level": 2},
        "ck_signals_entry_has_stop": {"stop": None},
        "ck_signals_risk_reward_is_finite": {"risk_reward": float("inf")},
        "ck_signals_valid_range": {"valid_until": session(2)},
    },
    "signal_outcomes": {
        "ck_signal_outcomes_sessions_held_not_negative": UNHELD | {"sessions_held": -1},
        "ck_signal_outcomes_measured_once_held": {"best_pct": None},
        "ck_signal_outcomes_prices_ordered": {"lowest_price": 111},
        "ck_signal_outcomes_returns_ordered": {"return_pct": 11.0},
        "ck_signal_outcomes_returns_are_finite": {"best_pct": float("inf")},
        "ck_signal_outcomes_hit_target_in_range": {"hit_target": 4},
        "ck_signal_outcomes_held_by_stage": {"stage": "expired"},
        "ck_signal_outcomes_stopped_by_stage": {"stage": "stopped"},
        "ck_signal_outcomes_target_hit_is_named": {"stage": "target_hit"},
    },
    "signal_stages": {
        "ck_signal_stages_price_positive": {"price": 0},
        "ck_signal_stages_target_of_stage": {"target": 1},
    },
    "notifications": {
        "ck_notifications_finished_is_final": {"finished_at": MOMENT},
        "ck_notifications_leased_until": {"status": "leased"},
        "ck_notifications_sent_with_message": {"status": "sent"},
        "ck_notifications_reason_given": {"status": "failed"},
        "ck_notifications_counts": {"attempts": -1},
    },
    "notification_signals": {
        "fk_notification_signals_notification_id_channel_notifications": {"channel": CHANNELS[2]},
    },
    "alert_rules": {
        "ck_alert_rules_name_filled": {"name": " "},
        "ck_alert_rules_about_one_or_many": {"universe": {}},
        "ck_alert_rules_universe_is_object": {"instrument_id": None, "universe": []},
        "ck_alert_rules_conditions_listed": {"conditions": []},
        "ck_alert_rules_groups_are_numbered": {
            "conditions": [{"measure": "close", "comparison": ">", "value": 1, "group": "a"}]
        },
        "ck_alert_rules_media_are_known": {"media": ["discord", "telegram"]},
        "ck_alert_rules_max_triggers_positive": {"max_triggers": 0},
        "ck_alert_rules_cooldown_minutes_not_negative": {"cooldown_minutes": -1},
        "ck_alert_rules_max_per_day_positive": {"max_per_day": 0},
        "ck_alert_rules_trigger_count_not_negative": {
            "trigger_count": -1,
            "last_triggered_at": MOMENT,
        },
        "ck_alert_rules_triggered_with_moment": {"trigger_count": 1},
        "ck_alert_rules_archived_is_disabled": {"archived_at": MOMENT},
    },
    "alert_triggers": {
        "ck_alert_triggers_numbers_are_finite": {"value": float("nan")},
        "ck_alert_triggers_detail_is_object": {"detail": []},
        "ck_alert_triggers_told_on_are_known": {"told_on": ["sms"]},
    },
}
