"""What breaks the checks of the instruments' tables."""

from typing import Any

from models.rows_of.moments import session

CASES: dict[str, dict[str, dict[str, Any]]] = {
    "instruments": {
        "ck_instruments_exchange_is_mic": {"exchange": "nyse"},
        "ck_instruments_currency_is_iso_4217": {"currency": "$"},
    },
    "instrument_symbols": {
        "ck_instrument_symbols_valid_range": {"valid_to": session(3)},
        "ex_instrument_symbols_symbol_exchange_valid": {"symbol": "SYM1"},
    },
}
