"""Orders, fills and transactions.

Where something can be referred to once, row 1 alone does so.
"""

from decimal import Decimal
from typing import Any

from models.rows_of.moments import MOMENT, session


def earlier(owner: int) -> int:
    return owner + 100


def more(number: int) -> dict[str, list[dict[str, Any]]]:
    """Gives the transaction whose lot transaction `number` is to take from."""
    keys = {
        "id": earlier(number),
        "user_id": number,
        "external_id": f"T{earlier(number)}",
        "content_hash": bytes([earlier(number)]) * 32,
        "fill_id": None,
    }
    return {"transactions": [rows(number, number)["transactions"] | keys]}


def rows(number: int, owner: int) -> dict[str, dict[str, Any]]:
    this = {"id": number, "account_id": owner}
    only_once = owner if number == 1 else None
    return {
        "orders": this
        | {
            "instrument_id": owner,
            "side": "buy",
            "kind": "market",
            "quantity": Decimal(10),
            "client_order_id": f"C{number}",
            "external_id": f"B{number}",
        },
        "fills": this
        | {
            "instrument_id": owner,
            "external_id": f"E{number}",
            "side": "buy",
            "quantity": Decimal(10),
            "price": Decimal(100),
            "currency": "USD",
            "filled_at": MOMENT,
        },
        "transactions": this
        | {
            "instrument_id": owner,
            "fill_id": only_once,
            "kind": "dividend",
            "quantity": Decimal(100),
            "net_amount": Decimal(-1001),
            "currency": "USD",
            "trade_date": session(number),
            "external_id": f"T{number}",
            "content_hash": bytes([number]) * 32,
            "source": "api",
        },
        "dividends": {
            "transaction_id": owner,
            "account_id": owner,
            "instrument_id": owner,
            "kind": "ordinary",
            "gross_amount": Decimal(10),
            "tax_withheld": Decimal("1.5"),
            "net_amount": Decimal("8.5"),
            "currency": "USD",
        },
        "transfers": this
        | {
            "transaction_id": only_once,
            "instrument_id": owner,
            "kind": "acats",
            "direction": "in",
            "quantity": Decimal(10),
            "currency": "USD",
            "transferred_on": session(number),
            "external_id": f"X{number}",
        },
        "holding_actions": this
        | {
            "instrument_id": owner,
            "kind": "split",
            "effective_on": session(number),
            "quantity_before": Decimal(10),
            "quantity_after": Decimal(20),
        },
    }
