"""What breaks the checks of the accounts' tables."""

from typing import Any

from models.rows_of.moments import moment, session

CASES: dict[str, dict[str, dict[str, Any]]] = {
    "broker_credentials": {
        "ck_broker_credentials_label_filled": {"label": " "},
        "ck_broker_credentials_sealed_secret_filled": {"key_id": ""},
    },
    "accounts": {
        "ck_accounts_base_currency_is_iso_4217": {"base_currency": "usd"},
        "ck_accounts_number_filled": {"number": " "},
        "ck_accounts_failed_why": {"sync_status": "failed"},
        "ck_accounts_synced_when": {"sync_status": "partial"},
        "ck_accounts_closed_after_opened": {"opened_on": session(2), "closed_on": session(1)},
    },
    "account_syncs": {
        "ck_account_syncs_running_or_finished": {"status": "running"},
        "ck_account_syncs_finished_after_started": {"finished_at": moment(1)},
        "ck_account_syncs_failed_why": {"status": "failed"},
        "ck_account_syncs_date_range": {"from_date": session(2), "to_date": session(1)},
        "ck_account_syncs_file_digest_is_sha_256": {"file_digest": b"short"},
        "ck_account_syncs_file_is_known": {"file_name": None},
        "ck_account_syncs_rows_read_not_negative": {"status": "partial", "rows_added": -1},
        "ck_account_syncs_rows_accounted_for": {"rows_read": 2, "rows_added": 1},
        "ck_account_syncs_refused_is_list": {"refused": {}},
    },
    "account_balances": {
        "ck_account_balances_currency_is_iso_4217": {"currency": "$"},
        "ck_account_balances_exchange_rate_positive": {"exchange_rate": 0},
        "ck_account_balances_gross_position_value_not_negative": {"gross_position_value": -1},
        "ck_account_balances_says_an_amount": {"cash": None},
    },
    "capital_allocations": {
        "ck_capital_allocations_target_amount_positive": {"target_amount": 0},
        "ck_capital_allocations_scale_factor_positive": {"scale_factor": 0},
        "ck_capital_allocations_scale_up_pct_positive": {"scale_up_pct": 0},
        "ck_capital_allocations_scale_down_pct_negative": {"scale_down_pct": 0},
        "ck_capital_allocations_allocated_amount_positive": {"allocated_amount": 0},
        "ck_capital_allocations_allocation_pct_in_range": {"allocation_pct": 0},
        "ck_capital_allocations_position_size_pct_in_range": {"position_size_pct": 0},
        "ck_capital_allocations_max_positions_positive": {"max_positions": 0},
        "ck_capital_allocations_max_risk_per_trade_pct_in_range": {"max_risk_per_trade_pct": 101},
        "ck_capital_allocations_max_portfolio_risk_pct_in_range": {"max_portfolio_risk_pct": 0},
        "ck_capital_allocations_reinvest_pct_in_range": {"reinvest_pct": -1},
        "ck_capital_allocations_profit_target_pct_positive": {"profit_target_pct": 0},
        "ck_capital_allocations_stop_loss_pct_in_range": {"stop_loss_pct": 100},
        "ck_capital_allocations_min_amount_not_negative": {"min_amount": -1},
        "ck_capital_allocations_amounts_ordered": {"min_amount": 2, "max_amount": 1},
        "ck_capital_allocations_valid_range": {"valid_to": session(2)},
    },
    "margin_interest": {
        "ck_margin_interest_currency_is_iso_4217": {"currency": "$"},
        "ck_margin_interest_date_range": {"to_date": session(2)},
    },
    "account_performance": {
        "ck_account_performance_session_range": {"last_session": session(2)},
        "ck_account_performance_value_at_risk_95_pct_not_negative": {"value_at_risk_95_pct": -1.0},
        "ck_account_performance_compared_with_a_benchmark": {"beta": 1.0},
        "ck_account_performance_volatility_pct_not_negative": {"volatility_pct": -1.0},
        "ck_account_performance_max_drawdown_pct_in_range": {"max_drawdown_pct": 101.0},
        "ck_account_performance_win_rate_pct_in_range": {"win_rate_pct": 101.0},
        "ck_account_performance_profit_factor_not_negative": {"profit_factor": -1.0},
        "ck_account_performance_measures_are_finite": {"total_return_pct": float("inf")},
    },
}
