"""What providers call the exchanges of the United States, and their ISO 10383 MICs."""

from collections.abc import Mapping
from typing import Any

_NAMES = {
    "NASDAQ": "XNAS",
    "NASDAQ GLOBAL SELECT": "XNAS",
    "NASDAQ GLOBAL MARKET": "XNAS",
    "NASDAQ CAPITAL MARKET": "XNAS",
    "NYSE": "XNYS",
    "NEW YORK STOCK EXCHANGE": "XNYS",
    "ARCA": "ARCX",
    "NYSE ARCA": "ARCX",
    "NYSEARCA": "ARCX",
    "NEW YORK STOCK EXCHANGE ARCA": "ARCX",
    "AMEX": "XASE",
    "AMERICAN STOCK EXCHANGE": "XASE",
    "NYSE AMERICAN": "XASE",
    "NYSE MKT": "XASE",
    "BATS": "BATS",
    "CBOE": "BATS",
    "IEX": "IEXG",
    "OTC": "OTCM",
    "PINK": "OTCM",
    "PNK": "OTCM",
    "OTCBB": "OTCM",
    "OTCGREY": "OTCM",
    "OTCMKTS": "OTCM",
    "OTCQB": "OTCM",
    "OTCQX": "OTCM",
    "EXPM": "OTCM",
}


def mic(name: Any) -> str | None:
    """Gives the MIC of an exchange by a name of it, in any case; None for one not known here."""
    return _NAMES.get(name.upper()) if isinstance(name, str) else None


def exchange(name: Any, codes: Mapping[str, str] | None = None) -> dict[str, str]:
    """Gives the column `exchange` of a listing from what a provider states of a symbol.

    `codes` are MICs by names of the provider's own. Where it states nothing the column is not
    there. One that is not known here is given in quotation marks: no MIC has them, so that the
    contract of a listing refuses the symbol and its finding tells the name.
    """
    if not isinstance(name, str) or not name.strip():
        return {}
    known = (codes or {}).get(name) or mic(name.strip())
    return {"exchange": known or repr(name)}


def text_or_none(said: Any) -> str | None:
    """Gives what is said as a text; None where it is empty or no text."""
    return said if isinstance(said, str) and said else None
