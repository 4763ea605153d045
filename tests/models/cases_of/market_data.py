"""What breaks the checks of the market data's tables."""

from typing import Any

from models.rows_of.moments import MOMENT, session

CASES: dict[str, dict[str, dict[str, Any]]] = {
    "data_providers": {
        "ck_data_providers_name_is_plain": {"name": "Sample"},
        "ck_data_providers_priority_in_range": {"priority": 0},
        "ck_data_providers_requests_per_minute_positive": {"requests_per_minute": 0},
        "ck_data_providers_requests_per_day_positive": {"requests_per_day": 0},
        "ck_data_providers_requests_per_month_positive": {"requests_per_month": 0},
        "ck_data_providers_monthly_cost_usd_not_negative": {"monthly_cost_usd": -1},
        "ck_data_providers_monthly_budget_usd_not_negative": {"monthly_budget_usd": -1},
        "ck_data_providers_consecutive_failures_not_negative": {"consecutive_failures": -1},
    },
    "provider_usage": {
        "ck_provider_usage_requests_not_negative": {"failures": -1},
        "ck_provider_usage_failures_within_requests": {"failures": 3},
        "ck_provider_usage_window_start_is_exact": {"window_start": MOMENT},
    },
    "provider_fetches": {
        "ck_provider_fetches_session_range": {"last_session": session(2)},
        "ck_provider_fetches_counts": {"new_rows": -1},
        "ck_provider_fetches_failed_with_error": {"error": "no answer"},
        "ck_provider_fetches_duration_ms_not_negative": {"duration_ms": -1},
    },
    "findings": {
        "ck_findings_open_is_unresolved": {"closed_at": MOMENT},
        "ck_findings_resolution_filled": {"status": "released", "resolution": " "},
    },
    "market_snapshots": {
        "ck_market_snapshots_close_positive": {"close": 0},
        "ck_market_snapshots_change_pct_is_finite": {"change_pct": float("inf")},
        "ck_market_snapshots_volume_in_range": {"volume": -1},
        "ck_market_snapshots_indicators_are_numbers": {"indicators": {"rsi": "high"}},
        "ck_market_snapshots_score_in_range": {"score": 1.5},
        "ck_market_snapshots_confidence_in_range": {"confidence": -0.5},
    },
}
