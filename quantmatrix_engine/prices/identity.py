"""Identity: which instrument a symbol meant on a session."""

from dataclasses import dataclass

import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.bars import Bars
from quantmatrix_engine.contracts.fundamentals import Fundamentals
from quantmatrix_engine.prices.markets import market_of
from quantmatrix_engine.vocabulary import FindingRule, Severity

_ASKED = ["symbol", "session", "exchange"]
# What two rows of one instrument, session and moment must agree on to be the same statement.
_STATEMENT = ["instrument_id", "provider", "session", "known_at"]
_VALUES = ["open", "high", "low", "close", "volume"]


@dataclass(frozen=True)
class Identified:
    """Bars under instrument ids (contract Bars), and findings of symbols that mean not one."""

    bars: pl.DataFrame
    findings: pl.DataFrame


def resolve(asked: pl.DataFrame, instruments: pl.DataFrame) -> pl.DataFrame:
    """Gives each distinct (symbol, session, exchange) the instruments it may mean.

    `exchange` is a MIC, or null where nobody said it; `instruments` keeps the contract Instruments.
    `instrument_ids` is a sorted list: one id where the symbol is clear, none where nobody has it,
    several where the exchange would have to decide. A stated exchange decides; one of the same
    market will do where no instrument has the symbol on that very exchange.
    """
    distinct = asked.select(_ASKED).unique().with_row_index("asked")
    spells = instruments.select(
        "instrument_id", "symbol", "valid_from", "valid_to", listed_on="exchange"
    )
    is_exact = (pl.col("exchange") == pl.col("listed_on")).fill_null(value=False)
    meant = (
        distinct.join(spells, on="symbol")
        .filter(
            _holds_on(pl.col("session")),
            pl.col("exchange").is_null() | (market_of("exchange") == market_of("listed_on")),
        )
        .filter(is_exact | ~is_exact.any().over("asked"))
        .group_by("asked")
        .agg(instrument_ids=pl.col("instrument_id").unique().sort())
    )
    nobody = pl.lit([], dtype=pl.List(pl.Int64))
    return distinct.join(meant, on="asked", how="left").select(
        *_ASKED, pl.col("instrument_ids").fill_null(nobody)
    )


def identified(clean_bars: pl.DataFrame, instruments: pl.DataFrame) -> Identified:
    """Gives clean bars (contract CleanBars) the id their symbol had on their session.

    `instruments` keeps the contract Instruments. A bar is final where it was known at or after the
    close of its session. Two symbols of one instrument may bring the same bar, which is kept once;
    where they bring different ones, both are findings.
    """
    clear = _spelled_once(clean_bars, instruments)
    is_clear = clear.get_column("instrument_id").is_not_null()
    resolved, unresolved = one_meant(clean_bars.filter(~is_clear), instruments)
    one = pl.concat([clear.filter(is_clear), resolved.select(clear.columns)])
    # Comparing what was said is slow, and few bars are said more than once.
    is_alone = ~one.select(pl.struct(_STATEMENT).is_duplicated()).to_series()
    repeated = one.filter(~is_alone)
    said = pl.struct(*_STATEMENT, *_VALUES)
    agrees = pl.len().over(_STATEMENT) == pl.len().over(said)
    bars = pl.concat([one.filter(is_alone), repeated.filter(agrees & said.is_first_distinct())])
    findings = pl.concat([unresolved, _said_twice(repeated.filter(~agrees))])
    return Identified(bars=_bars(bars), findings=findings)


def _spelled_once(bars: pl.DataFrame, instruments: pl.DataFrame) -> pl.DataFrame:
    """Gives the bars, in order, the id of the one instrument that ever had their symbol.

    Null where it did not have it on the session, or several spells have it: `resolve` tells those.
    Most symbols are had once, and looking up a symbol is many times faster than a symbol and date.
    """
    once = instruments.filter(pl.col("symbol").is_unique()).select(
        "symbol", "instrument_id", "valid_from", "valid_to"
    )
    return bars.join(once, on="symbol", how="left", maintain_order="left").select(
        *bars.columns, instrument_id=pl.when(_holds_on(pl.col("session"))).then("instrument_id")
    )


@dataclass(frozen=True)
class IdentifiedActions:
    """Reported actions under instrument ids, and findings of symbols that mean not one.

    `actions` has instrument_id and the columns of the contract RawActions.
    """

    actions: pl.DataFrame
    findings: pl.DataFrame


def identified_actions(reported: pl.DataFrame, instruments: pl.DataFrame) -> IdentifiedActions:
    """Gives reported actions (contract RawActions) the id their symbol had on the ex-date.

    `instruments` keeps the contract Instruments. Of a dividend whose currency nobody said it is the
    instrument's.
    """
    asked = reported.with_columns(
        session=pl.col("ex_date"), source_row=pl.lit(None, dtype=pl.Int64)
    )
    one, findings = one_meant(asked, instruments)
    currencies = instruments.select("instrument_id", own="currency").unique("instrument_id")
    in_currency = one.join(
        currencies, on="instrument_id", how="left", maintain_order="left"
    ).with_columns(currency=pl.coalesce("currency", "own"))
    return IdentifiedActions(
        actions=in_currency.select("instrument_id", *reported.columns), findings=findings
    )


@dataclass(frozen=True)
class IdentifiedFundamentals:
    """Figures under instrument ids (columns of the contract Fundamentals), and findings of symbols
    that mean not one.
    """

    fundamentals: pl.DataFrame
    findings: pl.DataFrame


def identified_fundamentals(
    stated: pl.DataFrame, instruments: pl.DataFrame
) -> IdentifiedFundamentals:
    """Gives figures (contract RawFundamentals) the id their symbol had on the session.

    `instruments` keeps the contract Instruments. Two symbols of one instrument may bring one key
    twice: the contract Fundamentals refuses both.
    """
    one, findings = one_meant(stated, instruments)
    return IdentifiedFundamentals(
        fundamentals=one.select(list(Fundamentals.to_schema().columns)), findings=findings
    )


def one_meant(asked: pl.DataFrame, instruments: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Gives the rows whose symbol means one instrument, with its id, and findings of the others.

    `asked` has symbol, session and what a finding tells: provider, source and source_row;
    `instruments` keeps the contract Instruments.
    """
    anywhere = asked.with_columns(exchange=pl.lit(None, dtype=pl.String))
    meant = resolve(anywhere, instruments).drop("exchange")
    known = asked.join(meant, on=["symbol", "session"], how="left", maintain_order="left")
    count = pl.col("instrument_ids").list.len()
    one = known.filter(count == 1).with_columns(instrument_id=pl.col("instrument_ids").list.first())
    none, several = known.filter(count == 0), known.filter(count > 1)
    return one, pl.concat([_unknown(none), _ambiguous(several)])


def _holds_on(session: pl.Expr) -> pl.Expr:
    return (pl.col("valid_from") <= session) & (
        pl.col("valid_to").is_null() | (session < pl.col("valid_to"))
    )


def _bars(matched: pl.DataFrame) -> pl.DataFrame:
    sessions = matched.get_column("session").unique().to_list()
    closes = pl.DataFrame(
        {"session": sessions, "closes_at": [calendars.closes_at(one) for one in sessions]},
        schema={"session": pl.Date, "closes_at": pl.Datetime("us", "UTC")},
    )
    return (
        matched.join(closes, on="session")
        .with_columns(is_final=pl.col("known_at") >= pl.col("closes_at"))
        .select(list(Bars.to_schema().columns))
        .sort("instrument_id", "session", "known_at")
    )


def _unknown(bars: pl.DataFrame) -> pl.DataFrame:
    expected = pl.lit("a symbol of the catalogue: materialize `instruments` again")
    return _findings(bars, FindingRule.UNKNOWN_SYMBOL, pl.col("symbol"), expected)


def _ambiguous(bars: pl.DataFrame) -> pl.DataFrame:
    ids = pl.col("instrument_ids").cast(pl.List(pl.String)).list.join(", ")
    value = pl.format("{}: instruments {}", "symbol", ids)
    expected = pl.lit("one instrument of this symbol on the session: see `quantmatrix instruments`")
    return _findings(bars, FindingRule.AMBIGUOUS_SYMBOL, value, expected)


def _said_twice(bars: pl.DataFrame) -> pl.DataFrame:
    value = pl.format("{}: instrument {}", "symbol", "instrument_id")
    expected = pl.lit("the same bar under every symbol the instrument has on the session")
    return _findings(bars, FindingRule.AMBIGUOUS_SYMBOL, value, expected)


def _findings(
    bars: pl.DataFrame, rule: FindingRule, value: pl.Expr, expected: pl.Expr
) -> pl.DataFrame:
    delivered = pl.exclude("instrument_ids", "instrument_id")
    return bars.with_columns(row=pl.struct(delivered).struct.json_encode()).select(
        "provider",
        "symbol",
        "session",
        rule=pl.lit(rule.value),
        column=pl.lit("symbol"),
        value=value,
        expected=expected,
        severity=pl.lit(Severity.ERROR.value),
        source="source",
        source_row="source_row",
        known_at="known_at",
        row="row",
    )
