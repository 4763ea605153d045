"""Markets: the exchanges on which a symbol means one instrument at a time."""

import polars as pl

# Exchanges, segments and reporting facilities under the plans that share out symbols in the United
# States (ISO 10383). A provider names whichever of them it likes.
UNITED_STATES = frozenset(
    {"XNYS", "XNAS", "XNGS", "XNMS", "XNCM", "ARCX", "XASE", "BATS", "IEXG", "XOTC", "OTCM"}
)


def market(exchange: str) -> str:
    """Gives the market of an exchange (MIC): `US`, or the exchange itself where it stands alone."""
    return "US" if exchange in UNITED_STATES else exchange


def market_of(column: str) -> pl.Expr:
    """Gives the market of each exchange of a column; null stays null."""
    exchange = pl.col(column)
    return pl.when(exchange.is_in(sorted(UNITED_STATES))).then(pl.lit("US")).otherwise(exchange)
