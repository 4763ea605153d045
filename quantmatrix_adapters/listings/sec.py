"""The SEC's list of company tickers: which symbols issuers have today.

It names the issuer (CIK), no class of share, no exchange and no date. So a key is the CIK with the
symbol it was first seen under, and a rename is what can be nothing else: of one issuer's symbols
one is gone and one is new. Classes are written with a dash there (BRK-B).
"""

from collections import defaultdict
from typing import Any

import polars as pl

from quantmatrix_engine.contracts.instruments import SymbolHistory
from quantmatrix_engine.errors import ProviderError
from quantmatrix_engine.vocabulary import InstrumentKind

SOURCE = "sec"


def read(document: Any, known: pl.DataFrame, *, exchange: str = "XNYS") -> pl.DataFrame:
    """Gives the list (company_tickers.json, parsed) as a history of today (SymbolHistory).

    `known` has key and symbol: what the keys of this list are called today. `exchange` stands for
    the market, which the list does not split. Raises ProviderError where the document is not the
    list: the SEC answers a page of HTML to whoever does not say who asks.
    """
    told = _told(document)
    keys = _keys(told, known)
    rows = [
        {
            "key": keys[cik, symbol],
            "symbol": symbol,
            "exchange": exchange,
            "currency": "USD",
            "kind": InstrumentKind.STOCK.value,
            "name": name,
        }
        for cik, symbol, name in told
    ]
    return pl.DataFrame(rows, schema=SymbolHistory.empty().schema)


def _told(document: Any) -> list[tuple[str, str, str]]:
    """Gives CIK, symbol and name of each entry."""
    if not isinstance(document, dict) or not document:
        raise ProviderError(
            "The SEC's list of tickers is no JSON object; it may be a page of HTML."
        )
    try:
        return [
            (f"{int(one['cik_str']):010d}", str(one["ticker"]), str(one["title"]))
            for one in document.values()
        ]
    except (KeyError, TypeError, ValueError) as wrong:
        raise ProviderError(
            f"The SEC's list of tickers has an entry that is wrong ({wrong});"
            " each should have cik_str, ticker and title."
        ) from None


def _keys(told: list[tuple[str, str, str]], known: pl.DataFrame) -> dict[tuple[str, str], str]:
    before: dict[str, dict[str, str]] = defaultdict(dict)
    for key, symbol in known.select("key", "symbol").iter_rows():
        before[key.partition(":")[0]][symbol] = key
    now: dict[str, list[str]] = defaultdict(list)
    for cik, symbol, _ in told:
        now[cik].append(symbol)
    keys: dict[tuple[str, str], str] = {}
    for cik, symbols in now.items():
        gone = [key for symbol, key in before[cik].items() if symbol not in symbols]
        new = [symbol for symbol in symbols if symbol not in before[cik]]
        is_rename = len(gone) == len(new) == 1
        for symbol in symbols:
            fresh = gone[0] if is_rename else f"{cik}:{symbol}"
            keys[cik, symbol] = before[cik].get(symbol, fresh)
    return keys
