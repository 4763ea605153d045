"""Tax lots, of which one unit in ten is disposed of.

Row 2 is a lot that no transaction opened, closed in part without one as well. A further lot of
each owner replaces what was sold at a loss.
"""

from decimal import Decimal
from typing import Any

from models.rows_of.moments import session
from models.rows_of.transactions import earlier


def replacement(owner: int) -> int:
    return owner + 100


def more(number: int) -> dict[str, list[dict[str, Any]]]:
    """Gives the lot that replaces what lot `number` sold."""
    lot = rows(number, number)["tax_lots"] | {
        "id": replacement(number),
        "user_id": number,
        "opening_transaction_id": None,
        "origin": "transfer_in",
        "ordinal": 100,
        "remaining_quantity": Decimal(10),
    }
    return {"tax_lots": [lot]}


def rows(number: int, owner: int) -> dict[str, dict[str, Any]]:
    this = {"id": number, "account_id": owner}
    by_transaction = number != 2
    return {
        "tax_lots": this
        | {
            "instrument_id": owner,
            "opening_transaction_id": owner if by_transaction else None,
            "ordinal": number,
            "origin": "purchase" if by_transaction else "transfer_in",
            "side": "long",
            "quantity": Decimal(10),
            "opened_quantity": Decimal(10),
            "remaining_quantity": Decimal(9),
            "acquired_on": session(number),
            "currency": "USD",
        },
        "lot_disposals": this
        | {
            "lot_id": owner,
            "closing_transaction_id": owner if by_transaction else None,
            "kind": "sale" if by_transaction else "expiration",
            "method": "fifo",
            "disposed_on": session(number),
            "quantity": Decimal(1),
            "closed_quantity": Decimal(1),
            "proceeds": Decimal(90),
            "cost_basis": Decimal(100),
            "disallowed_loss": Decimal(2),
            "term": "short",
            "reason": None if by_transaction else "expired worthless",
        },
        "wash_sale_adjustments": this
        | {
            "disposal_id": owner,
            "replacement_lot_id": replacement(owner),
            "quantity": Decimal(1),
            "disallowed_loss": Decimal(1),
        },
        "lot_choices": this
        | {
            "closing_transaction_id": owner,
            "opening_transaction_id": earlier(owner),
            "ordinal": number,
            "quantity": Decimal(1),
        },
    }
