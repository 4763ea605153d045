"""Screening of actions: dividends, splits and capital gains against the prices they stand beside.

A provider's series of prices, adjusted closes and amounts says the same thing three times: the
amount itself, the step of its adjusted close, and the fall of the price on the ex-date. Where they
contradict each other one of them is wrong.
"""

import polars as pl

from quantmatrix_engine.vocabulary import FindingRule

# A dividend smaller than this share of the price drowns in the day's own move.
LARGE_DIVIDEND_RATIO = 0.05
# Of a large one at least this part shows in the price on its ex-date.
SEEN_RATIO = 1 / 3
# Amounts this close, relative to the price, are one amount: adjusted closes are rounded.
SAME_AMOUNT_RATIO = 0.002
# An adjusted close that steps by less than this share of the price does not step at all.
NO_STEP_RATIO = 0.0005
# A second dividend within so many bars, of so nearly the same amount, is the first one again.
REPEATED_WITHIN_BARS = 5
REPEATED_TOLERANCE_RATIO = 0.25

EXPECTED = {
    FindingRule.DIVIDEND_NOT_IN_PRICE: "a price that falls by at least a third of it",
    FindingRule.DIVIDEND_NOT_ADJUSTED: "an adjusted close that steps by the amount on the ex-date",
    FindingRule.DIVIDEND_MISSTATED: "the amount by which the adjusted close steps",
    FindingRule.DIVIDEND_REPEATED: "one dividend within five bars",
    FindingRule.CAPITAL_GAINS_COUNTED_TWICE: "gains that are in the dividend adjusted for once",
}


def screen_actions(told: pl.DataFrame) -> pl.DataFrame:
    """Gives symbol, session, rule, value and expected of the actions that contradict the prices.

    `told` is what a provider says of one or more symbols: symbol, session (or the moment of the
    bar), low, open, close and adj_close, dividend and capital_gains on their ex-dates (else 0).
    Prices and amounts are in one basis; a capital gain is part of the dividend beside it.
    """
    read = _with_previous(told)
    paid = read.filter(pl.col("dividend") > 0)
    rules = {
        FindingRule.DIVIDEND_NOT_IN_PRICE: _not_in_price(),
        FindingRule.DIVIDEND_NOT_ADJUSTED: _not_adjusted(),
        FindingRule.DIVIDEND_MISSTATED: _misstated(),
        FindingRule.DIVIDEND_REPEATED: _repeated(),
        FindingRule.CAPITAL_GAINS_COUNTED_TWICE: _gains_twice(),
    }
    return pl.concat(_found(paid, rule, holds) for rule, holds in rules.items()).sort(
        "symbol", "session", "rule"
    )


def _with_previous(told: pl.DataFrame) -> pl.DataFrame:
    """Gives the bars that have a close, with the one before and what the adjusted close implies."""
    bars = told.filter(pl.col("close").is_not_null()).sort("symbol", "session")
    before = bars.with_row_index("bar").with_columns(
        was=pl.col("close").shift(1).over("symbol"),
        adj_was=pl.col("adj_close").shift(1).over("symbol"),
    )
    kept = (pl.col("adj_was") / pl.col("was")) / (pl.col("adj_close") / pl.col("close"))
    return before.with_columns(
        implied=(1 - kept) * pl.col("was"), implied_by_ex_date=(1 / kept - 1) * pl.col("close")
    )


def _amount_differs(amount: pl.Expr) -> pl.Expr:
    """Says whether the adjusted close steps by another amount, whichever rule it follows."""
    slack = pl.max_horizontal(SAME_AMOUNT_RATIO * pl.col("was"), 0.1 * amount)
    implied = [pl.col("implied"), pl.col("implied_by_ex_date")]
    return pl.all_horizontal((one - amount).abs() > slack for one in implied)


def _fall() -> pl.Expr:
    """Gives how far the price fell at most, from the close before to the lowest of the session."""
    return pl.col("was") - pl.min_horizontal("open", "low", "close")


def _not_in_price() -> pl.Expr:
    large = pl.col("dividend") >= LARGE_DIVIDEND_RATIO * pl.col("was")
    return large & (_fall() < SEEN_RATIO * pl.col("dividend"))


def _not_adjusted() -> pl.Expr:
    nothing = pl.col("implied").abs() <= NO_STEP_RATIO * pl.col("was")
    return nothing & (pl.col("dividend") > SAME_AMOUNT_RATIO * pl.col("was"))


def _misstated() -> pl.Expr:
    return _amount_differs(pl.col("dividend")) & ~_not_adjusted() & ~_gains_twice()


def _repeated() -> pl.Expr:
    """Says whether the dividend before this one is the same one, some bars earlier."""
    of_one = pl.col("symbol") == pl.col("symbol").shift(1)
    soon = pl.col("bar") - pl.col("bar").shift(1) <= REPEATED_WITHIN_BARS
    earlier = pl.col("dividend").shift(1)
    alike = (pl.col("dividend") - earlier).abs() <= REPEATED_TOLERANCE_RATIO * earlier
    return of_one & soon & alike


def _gains_twice() -> pl.Expr:
    """Says whether dividend and gains are adjusted for, and the price fell by the dividend."""
    gains, dividend = pl.col("capital_gains"), pl.col("dividend")
    adjusted_for_both = ~_amount_differs(dividend + gains)
    fell = pl.col("was") - pl.col("close")
    nearer = (fell - dividend).abs() < (fell - dividend - gains).abs()
    return (gains > 0) & adjusted_for_both & nearer


def _found(paid: pl.DataFrame, rule: FindingRule, holds: pl.Expr) -> pl.DataFrame:
    return paid.filter(holds.fill_null(value=False)).select(
        "symbol",
        "session",
        rule=pl.lit(rule.value),
        value=pl.format(
            "dividend {}, gains {}, close {} after {}, adjusted for {}",
            "dividend",
            "capital_gains",
            "close",
            "was",
            pl.col("implied").round(4),
        ),
        expected=pl.lit(EXPECTED[rule]),
    )
