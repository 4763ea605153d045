"""What breaks the checks of the tax lots' tables."""

from typing import Any

from models.rows_of.moments import session

OF_USER_2 = {"user_id": 2, "account_id": 2}
UNOPENED = {"opening_transaction_id": None, "origin": "transfer_in"}
UNCLOSED = {"closing_transaction_id": None, "kind": "expiration", "reason": "worthless"}

CASES: dict[str, dict[str, dict[str, Any]]] = {
    "tax_lots": {
        "uq_tax_lots_without_transaction": OF_USER_2
        | UNOPENED
        | {"instrument_id": 2, "acquired_on": session(2), "ordinal": 2},
        "ck_tax_lots_opened_by_transaction": {"opening_transaction_id": None},
        "ck_tax_lots_bought_is_long": {"side": "short"},
        "ck_tax_lots_sold_short_is_short": {"origin": "short_sale"},
        "ck_tax_lots_basis_of_long": {"origin": "short_sale", "side": "short", "cost_basis": 1},
        "ck_tax_lots_proceeds_of_short": {"opening_proceeds": 1},
        "ck_tax_lots_ordinal_positive": {"ordinal": 0},
        "ck_tax_lots_quantity_positive": {"quantity": 0, "remaining_quantity": 0},
        "ck_tax_lots_opened_quantity_positive": {"opened_quantity": 0},
        "ck_tax_lots_remaining_quantity_in_range": {"remaining_quantity": 11},
        "ck_tax_lots_cost_basis_not_negative": {"cost_basis": -1},
        "ck_tax_lots_wash_sale_adjustment_not_negative": {"wash_sale_adjustment": -1},
        "ck_tax_lots_currency_is_iso_4217": {"currency": "$"},
    },
    "lot_disposals": {
        "uq_lot_disposals_without_transaction": OF_USER_2
        | UNCLOSED
        | {"lot_id": 2, "disposed_on": session(2)},
        "ck_lot_disposals_closed_by_transaction": {
            "closing_transaction_id": None,
            "reason": "sold, they say",
        },
        "ck_lot_disposals_explained": UNCLOSED | {"reason": None},
        "ck_lot_disposals_reason_filled": {"reason": " "},
        "ck_lot_disposals_quantity_positive": {"quantity": 0},
        "ck_lot_disposals_closed_quantity_positive": {"closed_quantity": 0},
        "ck_lot_disposals_disallowed_loss_not_negative": {"disallowed_loss": -1},
        "ck_lot_disposals_disallowed_within_loss": {
            "proceeds": 90,
            "cost_basis": 100,
            "disallowed_loss": 11,
        },
        "ck_lot_disposals_moved_unsold": {"kind": "gift", "disallowed_loss": 0},
    },
    "wash_sale_adjustments": {
        "ck_wash_sale_adjustments_quantity_positive": {"quantity": 0},
        "ck_wash_sale_adjustments_disallowed_loss_positive": {"disallowed_loss": 0},
    },
    "lot_choices": {
        "ck_lot_choices_from_another": {"opening_transaction_id": 3},
        "ck_lot_choices_ordinal_positive": {"ordinal": 0},
        "ck_lot_choices_quantity_positive": {"quantity": 0},
    },
}
