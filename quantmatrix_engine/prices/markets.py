"""Markets: the exchanges on which a symbol means one instrument at a time."""

import difflib

import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_engine.errors import SettingsError

# Exchanges, segments and reporting facilities under the plans that share out symbols in the United
# States (ISO 10383). A provider names whichever of them it likes.
UNITED_STATES = frozenset(
    {"XNYS", "XNAS", "XNGS", "XNMS", "XNCM", "ARCX", "XASE", "BATS", "IEXG", "XOTC", "OTCM"}
)


def require_exchange(exchange: str) -> None:
    """Refuses what is no exchange known here: of the United States, or with a calendar.

    Raises SettingsError naming the nearest MIC and all there are.
    """
    known = sorted(UNITED_STATES | calendars.exchanges())
    if exchange in known:
        return
    near = difflib.get_close_matches(exchange, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise SettingsError(
        f"{exchange!r} is no ISO 10383 MIC of an exchange known here.{hint}"
        f" There are: {', '.join(known)}."
    )


def market(exchange: str) -> str:
    """Gives the market of an exchange (MIC): `US`, or the exchange itself where it stands alone."""
    return "US" if exchange in UNITED_STATES else exchange


def market_of(column: str) -> pl.Expr:
    """Gives the market of each exchange of a column; null stays null."""
    exchange = pl.col(column)
    return pl.when(exchange.is_in(sorted(UNITED_STATES))).then(pl.lit("US")).otherwise(exchange)
