"""What breaks the checks of the transactions' tables."""

from typing import Any

from models.rows_of.moments import moment, session

SUBMITTED = {"status": "submitted", "submitted_at": moment(2)}
DONE = {"submitted_at": moment(2), "finished_at": moment(3)}
BUY = {"kind": "buy", "quantity": 10, "price": 100}

CASES: dict[str, dict[str, dict[str, Any]]] = {
    "orders": {
        "ck_orders_identified": {"client_order_id": None, "external_id": None},
        "ck_orders_quantity_positive": {"quantity": 0, "status": "filled"} | DONE,
        "ck_orders_limit_price_not_zero": {"kind": "limit", "limit_price": 0},
        "ck_orders_stop_price_not_zero": {"kind": "stop", "stop_price": 0},
        "ck_orders_limit_of_kind": {"limit_price": 100},
        "ck_orders_stop_of_kind": {"kind": "stop"},
        "ck_orders_filled_quantity_in_range": {"status": "cancelled", "filled_quantity": 11} | DONE,
        "ck_orders_filled_whole": {"status": "filled", "filled_quantity": 9} | DONE,
        "ck_orders_partially_filled_some": SUBMITTED | {"status": "partially_filled"},
        "ck_orders_unfilled_status": SUBMITTED | {"filled_quantity": 1},
        "ck_orders_average_of_fills": {"average_fill_price": 100},
        "ck_orders_rejected_why": {"status": "rejected", "finished_at": moment(3)},
        "ck_orders_draft_not_submitted": {"submitted_at": moment(2)},
        "ck_orders_submitted_when": {"status": "working"},
        "ck_orders_finished_when": {"finished_at": moment(3)},
        "ck_orders_ours_is_known": {"status": "cancelled"},
        "ck_orders_finished_after_submitted": {
            "status": "cancelled",
            "submitted_at": moment(3),
            "finished_at": moment(2),
        },
    },
    "fills": {
        "ck_fills_quantity_positive": {"quantity": -10},
        "ck_fills_currency_is_iso_4217": {"currency": "$"},
        "ck_fills_venue_is_mic": {"venue": "nyse"},
    },
    "transactions": {
        "uq_transactions_user_id_account_id_reverses_id": {
            "user_id": 1,
            "account_id": 1,
            "instrument_id": 1,
            "reverses_id": 1,
        },
        "ck_transactions_identified": {"external_id": None, "content_hash": None},
        "ck_transactions_content_hash_is_sha_256": {"content_hash": b"short"},
        "ck_transactions_reverses_another": {"reverses_id": 3},
        "ck_transactions_trade_is_whole": BUY | {"price": None},
        "ck_transactions_bought_adds_quantity": BUY | {"quantity": -10},
        "ck_transactions_sold_takes_quantity": BUY | {"kind": "sell"},
        "ck_transactions_event_moves_quantity": {"kind": "expiration", "quantity": None},
        "ck_transactions_symbol_change_of_what": {"kind": "symbol_change", "instrument_id": None},
        "ck_transactions_deposit_adds_cash": {"kind": "deposit"},
        "ck_transactions_withdrawal_takes_cash": {"kind": "withdrawal", "net_amount": 1},
        "ck_transactions_interest_received_adds_cash": {"kind": "interest_received"},
        "ck_transactions_interest_paid_takes_cash": {"kind": "interest_paid", "net_amount": 1},
        "ck_transactions_revision_positive": {"revision": 0},
        "ck_transactions_venue_is_mic": {"venue": "nyse"},
        "ck_transactions_exchange_rate_positive": {"exchange_rate": 0},
        "ck_transactions_multiplier_positive": {"multiplier": 0},
        "ck_transactions_currency_is_iso_4217": {"currency": "$"},
        "ck_transactions_settles_after_trade": {
            "kind": "buy",
            "quantity": 10,
            "price": 100,
            "settles_on": session(2),
        },
    },
    "dividends": {
        "ck_dividends_paid_after_record": {"record_date": session(2), "pay_date": session(1)},
        "ck_dividends_amount_per_share_not_negative": {"amount_per_share": -1},
        "ck_dividends_tax_has_sign_of_gross": {"tax_withheld": -1, "net_amount": 11},
        "ck_dividends_net_after_tax": {"net_amount": 10},
        "ck_dividends_currency_is_iso_4217": {"currency": "$"},
    },
    "transfers": {
        "ck_transfers_identified": {"transaction_id": None, "external_id": None},
        "ck_transfers_units_or_cash": {"amount": 1000},
        "ck_transfers_moves_something": {"quantity": 0},
        "ck_transfers_units_of_an_instrument": {"instrument_id": None},
        "ck_transfers_wire_is_cash": {"kind": "wire"},
        "ck_transfers_cost_basis_not_negative": {"cost_basis": -1},
        "ck_transfers_currency_is_iso_4217": {"currency": "$"},
        "ck_transfers_acquired_before": {"acquired_on": session(4)},
        "ck_transfers_settles_after_transfer": {"settles_on": session(2)},
    },
    "holding_actions": {
        "ck_holding_actions_other_is_another": {"other_instrument_id": 3},
        "ck_holding_actions_spin_off_of_what": {"kind": "spin_off"},
        "ck_holding_actions_capital_returned": {"kind": "return_of_capital"},
        "ck_holding_actions_basis_moved_pct_in_range": {"basis_moved_pct": 101},
    },
}
