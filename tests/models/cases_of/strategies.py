"""What breaks the checks of the strategies' tables."""

import datetime as dt
from typing import Any

from models.rows_of.moments import MOMENT, session

INFINITY = float("inf")
SUCCEEDED = {
    "status": "succeeded",
    "started_at": MOMENT,
    "finished_at": MOMENT,
    "final_value": 10_500,
    "kind_version": 1,
    "code_version": "1",
    "data_known_at": MOMENT,
}

CASES: dict[str, dict[str, dict[str, Any]]] = {
    "strategies": {
        "ck_strategies_name_filled": {"name": " "},
        "ck_strategies_params_are_objects": {"params": []},
        "ck_strategies_archived_is_disabled": {"archived_at": MOMENT},
    },
    "strategy_versions": {
        "ck_strategy_versions_version_positive": {"version": 0},
        "ck_strategy_versions_params_are_objects": {"universe": []},
    },
    "resolved_universes": {
        "ck_resolved_universes_digest_is_sha_256": {"digest": b"short"},
    },
    "strategy_runs": {
        "ck_strategy_runs_failed_with_error": {"error": "no bars"},
        "ck_strategy_runs_counts": {"withheld": -1},
        "ck_strategy_runs_duration_ms_not_negative": {"duration_ms": -1},
    },
    "told_failures": {
        "ck_told_failures_part_positive": {"part": 0},
    },
    "strategy_performance": {
        "ck_strategy_performance_session_range": {"last_session": session(2)},
        "ck_strategy_performance_counts": {"losers": 2},
        "ck_strategy_performance_averages_have_their_sign": {"average_loss_pct": 1.0},
        "ck_strategy_performance_volatility_pct_not_negative": {"volatility_pct": -1.0},
        "ck_strategy_performance_max_drawdown_pct_in_range": {"max_drawdown_pct": -1.0},
        "ck_strategy_performance_win_rate_pct_in_range": {"win_rate_pct": 101.0},
        "ck_strategy_performance_profit_factor_not_negative": {"profit_factor": -1.0},
        "ck_strategy_performance_exposure_pct_not_negative": {"exposure_pct": -1.0},
        "ck_strategy_performance_turnover_ratio_not_negative": {"turnover_ratio": -1.0},
        "ck_strategy_performance_tracking_error_pct_not_negative": {
            "benchmark_id": 3,
            "tracking_error_pct": -1.0,
        },
        "ck_strategy_performance_compared_with_a_benchmark": {"beta": 1.0},
        "ck_strategy_performance_measures_are_finite": {"sharpe": INFINITY},
    },
    "backtest_runs": {
        "ck_backtest_runs_name_filled": {"name": " "},
        "ck_backtest_runs_params_are_objects": {"params": []},
        "ck_backtest_runs_kind_version_positive": {"kind_version": 0},
        "ck_backtest_runs_end_after_start": {"last_session": session(3)},
        "ck_backtest_runs_initial_capital_positive": {"initial_capital": 0},
        "ck_backtest_runs_commission_per_trade_not_negative": {"commission_per_trade": -1},
        "ck_backtest_runs_slippage_bps_not_negative": {"slippage_bps": -1},
        "ck_backtest_runs_inputs_digest_is_sha_256": {"inputs_digest": b"short"},
        "ck_backtest_runs_failed_with_error": {"error": "no bars"},
        "ck_backtest_runs_running_was_started": {"status": "running"},
        "ck_backtest_runs_ended_is_finished": {"finished_at": MOMENT},
        "ck_backtest_runs_moments_ordered": {"started_at": MOMENT - dt.timedelta(minutes=1)},
        "ck_backtest_runs_succeeded_with_value": {"final_value": 10_500},
        "ck_backtest_runs_succeeded_with_origin": SUCCEEDED | {"code_version": None},
        "ck_backtest_runs_trades_not_negative": {"trades": -1},
        "ck_backtest_runs_volatility_pct_not_negative": {"volatility_pct": -1.0},
        "ck_backtest_runs_max_drawdown_pct_in_range": {"max_drawdown_pct": 101.0},
        "ck_backtest_runs_win_rate_pct_in_range": {"win_rate_pct": -1.0},
        "ck_backtest_runs_profit_factor_not_negative": {"profit_factor": -1.0},
        "ck_backtest_runs_measures_are_finite": {"total_return_pct": INFINITY},
    },
}
