"""Positions, categories and watchlists."""

from decimal import Decimal
from typing import Any

from models.rows_of.moments import session


def rows(number: int, owner: int) -> dict[str, dict[str, Any]]:
    holding = {
        "id": number,
        "account_id": owner,
        "instrument_id": owner,
        "quantity": Decimal(10),
        "currency": "USD",
    }
    return {
        # A row beside the owner's first is about another instrument.
        "positions": holding
        | {"status": "open", "instrument_id": owner if number == owner else owner + 20},
        "position_snapshots": holding | {"session": session(number), "source": "broker"},
        "categories": {"id": number, "name": f"category {number}"},
        "category_instruments": {
            "id": number,
            "category_id": owner,
            "account_id": owner,
            "instrument_id": owner,
        },
        "watchlists": {"id": number, "name": f"watchlist {number}"},
        "watchlist_instruments": {"watchlist_id": owner, "instrument_id": owner},
    }
