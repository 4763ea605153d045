"""What breaks the checks of the positions' tables."""

from typing import Any

from models.rows_of.moments import moment

CASES: dict[str, dict[str, dict[str, Any]]] = {
    "positions": {
        "ck_positions_margin_priority_in_range": {"margin_priority": 11},
        "ck_positions_open_has_quantity": {"quantity": 0},
        "ck_positions_open_or_closed": {"closed_at": moment(3)},
        "ck_positions_closed_after_opened": {
            "status": "closed",
            "quantity": 0,
            "opened_at": moment(2),
            "closed_at": moment(1),
        },
        "ck_positions_average_cost_not_negative": {"cost_basis": -1},
        "ck_positions_currency_is_iso_4217": {"currency": "$"},
    },
    "position_snapshots": {
        "ck_position_snapshots_average_cost_not_negative": {"average_cost": -1},
        "ck_position_snapshots_currency_is_iso_4217": {"currency": "$"},
    },
    "categories": {
        "ck_categories_name_filled": {"name": ""},
        "ck_categories_parent_is_another": {"parent_id": 3},
        "ck_categories_color_is_rgb": {"color": "red"},
        "ck_categories_target_pct_in_range": {"target_pct": 101},
        "ck_categories_min_pct_in_range": {"min_pct": -1},
        "ck_categories_max_pct_in_range": {"max_pct": 101},
        "ck_categories_shares_ordered": {"min_pct": 20, "max_pct": 10},
        "ck_categories_rebalance_threshold_pct_in_range": {"rebalance_threshold_pct": 0},
    },
    "category_instruments": {"ck_category_instruments_share_pct_in_range": {"share_pct": 0}},
    "watchlists": {
        "ck_watchlists_name_filled": {"name": " "},
        "ck_watchlists_position_not_negative": {"position": -1},
    },
}
