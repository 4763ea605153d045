"""Instruments."""

from typing import Any

from models.rows_of.moments import session


def rows(number: int, owner: int) -> dict[str, dict[str, Any]]:
    return {
        "instruments": {"id": number, "kind": "stock", "exchange": "XNYS", "currency": "USD"},
        "instrument_symbols": {
            "id": number,
            "instrument_id": owner,
            "symbol": f"SYM{number}",
            "exchange": "XNYS",
            "valid_from": session(number),
        },
    }
