"""Accounts."""

from decimal import Decimal
from typing import Any

from models.rows_of.moments import MOMENT, moment, session


def rows(number: int, owner: int) -> dict[str, dict[str, Any]]:
    this = {"id": number, "account_id": owner}
    return {
        "broker_credentials": {
            "id": number,
            "broker": "ibkr",
            "label": f"login {number}",
            "kind": "flex_token",
            "sealed_secret": "sealed",
            "key_id": "key",
        },
        "accounts": {
            "id": number,
            "broker": "ibkr",
            "number": f"U{number}",
            "name": f"account {number}",
            "tax_treatment": "taxable",
        },
        "account_syncs": this
        | {
            "kind": "file",
            "status": "succeeded",
            "started_at": MOMENT,
            "finished_at": MOMENT,
            "file_name": "statement.csv",
            "file_digest": bytes([number]) * 32,
        },
        "account_balances": this
        | {"as_of": moment(number), "currency": "USD", "cash": Decimal(1000)},
        "capital_allocations": this
        | {
            "strategy_id": owner,
            "allocated_amount": Decimal(10_000),
            "valid_from": session(number),
        },
        "margin_interest": this
        | {
            "from_date": session(number),
            "to_date": session(number),
            "currency": "USD",
            "interest_accrued": Decimal("-1.25"),
        },
        "account_performance": this
        | {
            "source": "book",
            "period": "day",
            "first_session": session(number),
            "last_session": session(number),
            "computed_at": MOMENT,
        },
    }
