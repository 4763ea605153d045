"""What breaks the checks of the instruments' tables."""

from typing import Any

from models.rows_of.moments import moment, session

CASES: dict[str, dict[str, dict[str, Any]]] = {
    "instruments": {
        "ck_instruments_exchange_is_mic": {"exchange": "nyse"},
        "ck_instruments_currency_is_iso_4217": {"currency": "$"},
        "ck_instruments_country_is_iso_3166": {"country": "us"},
        "ck_instruments_delisted_with_date": {"status": "delisted"},
        "ck_instruments_description_filled": {"description": " "},
    },
    "instrument_symbols": {
        "ck_instrument_symbols_valid_range": {"valid_to": session(3)},
        "ex_instrument_symbols_symbol_exchange_valid": {"symbol": "SYM1", "exchange": "XNY1"},
        "ex_instrument_symbols_instrument_id_exchange_valid": {
            "instrument_id": 1,
            "exchange": "XNY1",
        },
    },
    "instrument_identifiers": {
        "ck_instrument_identifiers_valid_range": {"valid_to": session(3)},
        "ck_instrument_identifiers_provider_of_own_keys": {"provider": None},
        "ck_instrument_identifiers_value_fits_scheme": {"value": " "},
        "ex_instrument_identifiers_scheme_provider_value_valid": {
            "provider": "provider-1",
            "value": "KEY1",
        },
    },
    "option_contracts": {
        "fk_option_contracts_instrument_id_kind_instruments": {"instrument_id": 99},
        "ck_option_contracts_underlying_is_another": {"underlying_id": 13},
        "ck_option_contracts_root_filled": {"root": " "},
        "ck_option_contracts_strike_positive": {"strike": 0},
        "ck_option_contracts_multiplier_positive": {"multiplier": 0},
        "ck_option_contracts_occ_symbol_is_occ": {"occ_symbol": "SYM260103C00100000"},
        # A kind that is no option's, of an instrument that is of this kind.
        "ck_option_contracts_kind_is_option": {"instrument_id": 3, "kind": "stock"}
        | {"underlying_id": 23},
    },
    "corporate_actions": {
        "ck_corporate_actions_announced_before_ex": {"announced_on": session(4)},
        "ck_corporate_actions_recorded_before_paid": {
            "record_date": session(2),
            "pay_date": session(1),
        },
        "ck_corporate_actions_ratio_is_whole": {"ratio_to": None},
        "ck_corporate_actions_ratio_positive": {"ratio_to": 0},
        "ck_corporate_actions_amount_has_currency": {"amount": 1},
        "ck_corporate_actions_amount_not_negative": {"amount": -1, "currency": "USD"},
        "ck_corporate_actions_currency_is_iso_4217": {"amount": 1, "currency": "usd"},
        "ck_corporate_actions_other_is_another": {"other_instrument_id": 3},
        "ck_corporate_actions_split_has_ratio": {"ratio_from": None, "ratio_to": None},
        "ck_corporate_actions_dividend_has_amount": {"kind": "cash_dividend"},
        "ck_corporate_actions_spin_off_has_other": {"kind": "spin_off"},
        "ck_corporate_actions_merger_gives_something": {"kind": "merger"},
        "ck_corporate_actions_reason_given": {"status": "rejected", "confirmed_at": None},
        "ck_corporate_actions_confirmed_when": {"confirmed_at": None},
        "ck_corporate_actions_confirmed_after_known": {"known_at": moment(20)},
        "ck_corporate_actions_reason_filled": {"reason": " "},
    },
    "index_memberships": {
        "ck_index_memberships_valid_range": {"valid_to": session(3)},
        "ck_index_memberships_index_is_another": {"index_id": 3},
        "ex_index_memberships_index_id_instrument_id_valid": {
            "index_id": 21,
            "instrument_id": 1,
            "valid_from": session(1),
        },
    },
    "instrument_classifications": {
        "ck_instrument_classifications_valid_range": {"valid_to": session(3)},
        "ck_instrument_classifications_scheme_is_plain": {"scheme": "GICS"},
        "ck_instrument_classifications_sector_filled": {"sector": " "},
        "ex_instrument_classifications_instrument_id_scheme_valid": {
            "instrument_id": 1,
            "valid_from": session(1),
        },
    },
}
