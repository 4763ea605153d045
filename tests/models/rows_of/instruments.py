"""Instruments.

An option, and a membership in an index, needs a second instrument; `more` gives those. They are
numbered 10 and 20 above the owner's instrument.
"""

from decimal import Decimal
from typing import Any

from models.rows_of.moments import MOMENT, session


def rows(number: int, owner: int) -> dict[str, dict[str, Any]]:
    of_owner = {"id": number, "instrument_id": owner}
    for_a_day = {"valid_from": session(number), "valid_to": session(number + 1)}
    return {
        "instruments": {"id": number, "kind": "stock", "exchange": "XNYS", "currency": "USD"},
        "instrument_symbols": of_owner
        | {
            "symbol": f"SYM{number}",
            "exchange": f"XNY{number}",
            "valid_from": session(number),
        },
        "instrument_identifiers": of_owner
        | {
            "scheme": "provider",
            "provider": f"provider-{owner}",
            "value": f"KEY{number}",
            "valid_from": session(number),
        },
        "option_contracts": {
            "instrument_id": owner + 10,
            "kind": "option",
            "underlying_id": owner,
            "root": "SYM",
            "expires_on": session(number),
            "strike": Decimal(100),
            "option_right": "call",
            "multiplier": Decimal(100),
            "exercise_style": "american",
            "settlement": "physical",
            "occ_symbol": f"SYM   26010{number}C00100000",
        },
        "corporate_actions": of_owner
        | {
            "kind": "split",
            "ex_date": session(number),
            "ratio_from": Decimal(1),
            "ratio_to": Decimal(4),
            "provider": f"provider-{owner}",
            "known_at": MOMENT,
            "status": "confirmed",
            "confirmed_at": MOMENT,
        },
        "index_memberships": of_owner
        | for_a_day
        | {"index_id": owner + 20, "provider": f"provider-{owner}", "known_at": MOMENT},
        "instrument_classifications": of_owner
        | for_a_day
        | {"scheme": "gics", "sector": "Energy", "provider": f"provider-{owner}"},
    }


def more(number: int) -> dict[str, list[dict[str, Any]]]:
    """Gives the rows a number has beside its own, by table."""
    option = rows(number, number)["instruments"] | {"id": number + 10, "kind": "option"}
    index = rows(number, number)["instruments"] | {"id": number + 20, "kind": "index"}
    return {"instruments": [option, index]}
