"""What is considered: the instruments each universe comes to on a session."""

import datetime as dt
import hashlib
from dataclasses import dataclass

import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_engine.prices.restatement import newest_known
from quantmatrix_engine.prices.universe import FILTERS

# An instrument without a bar for longer than this is taken to have left the market.
TRADED_WITHIN_SESSIONS = 5
# So many sessions, the session's own the last, tell how much of an instrument is traded.
MEASURED_SESSIONS = 20


def market(bars: pl.DataFrame, session: dt.date) -> pl.DataFrame:
    """Gives what is known of each instrument that had a bar in the last MEASURED_SESSIONS sessions.

    `bars` keeps the contract Bars and has those sessions, in any number of vintages; rows after
    `session` are not looked at. Key: instrument_id, ascending. `last_session` is the newest with a
    bar, null where that is more than TRADED_WITHIN_SESSIONS ago; `price` the session's close as
    traded, null where it has no bar; `dollar_volume` is close times volume, in the instrument's
    currency, added up over the sessions and divided by MEASURED_SESSIONS: on a session without a
    bar nothing was traded. `close` is that of the newest bar there is.
    """
    first = calendars.sessions_before(session, MEASURED_SESSIONS - 1)
    trading_since = calendars.sessions_before(session, TRADED_WITHIN_SESSIONS - 1)
    last, traded = pl.col("session").max(), pl.col("close") * pl.col("volume")
    return (
        newest_known(bars.filter(pl.col("session").is_between(first, session)))
        .group_by("instrument_id")
        .agg(
            last_session=pl.when(last >= trading_since).then(last),
            price=pl.col("close").filter(pl.col("session") == session).first(),
            dollar_volume=traded.sum() / MEASURED_SESSIONS,
            close=pl.col("close").last(),
        )
        .sort("instrument_id")
    )


def holders(holdings: pl.DataFrame, session: dt.date) -> pl.DataFrame:
    """Gives (user_id, instrument_id) of what users held at the end of a session.

    `holdings` has a row for each position there was: user_id, instrument_id, opened_on and
    closed_on, dates of the exchange. A null opened_on is long ago, a null closed_on not yet.
    """
    return (
        holdings.filter(
            (pl.col("opened_on") <= session).fill_null(value=True),
            (pl.col("closed_on") > session).fill_null(value=True),
        )
        .select("user_id", "instrument_id")
        .unique()
        .sort("user_id", "instrument_id")
    )


def listed(instruments: pl.DataFrame, session: dt.date) -> pl.DataFrame:
    """Gives instrument_id and symbol as the symbols were on a session (contract Instruments in).

    An instrument is there once for each symbol it has, on however many exchanges.
    """
    return (
        _valid(instruments, session)
        .select("instrument_id", "symbol")
        .unique()
        .sort("instrument_id", "symbol")
    )


def _valid(instruments: pl.DataFrame, session: dt.date) -> pl.DataFrame:
    return instruments.filter(
        (pl.col("valid_from") <= session)
        & (pl.col("valid_to").is_null() | (pl.col("valid_to") > session))
    )


def ambiguous(universes: pl.DataFrame, instruments: pl.DataFrame, session: dt.date) -> pl.DataFrame:
    """Gives (strategy_id, symbol, instrument_ids) of named symbols that mean several instruments.

    `universes` and `instruments` are those of `pairs`, which leaves such symbols out.
    """
    several = (
        listed(instruments, session)
        .group_by("symbol")
        .agg(instrument_ids=pl.col("instrument_id").sort())
        .filter(pl.col("instrument_ids").list.len() > 1)
    )
    named = _symbols(universes, "symbols").join(several, on="symbol")
    return named.unique(["strategy_id", "symbol"]).sort("strategy_id", "symbol")


@dataclass(frozen=True)
class Considered:
    """What strategies consider on a session, and what their filters left out of it.

    `pairs` has (strategy_id, instrument_id, last_session), `left_out` has (strategy_id,
    instrument_id, filter); both are sorted by their first two columns.
    """

    pairs: pl.DataFrame
    left_out: pl.DataFrame


def considered(
    universes: pl.DataFrame,
    instruments: pl.DataFrame,
    trading: pl.DataFrame,
    session: dt.date,
    *,
    members: pl.DataFrame,
    held: pl.DataFrame,
) -> Considered:
    """Gives the instruments of every strategy's universe; the frames are those of `pairs`."""
    asked = pairs(universes, instruments, trading, session, members=members, held=held)
    judged = _filtered(universes, asked, instruments, trading, session)
    is_kept = pl.col("filter").is_null()
    left_out = judged.filter(~is_kept).select("strategy_id", "instrument_id", "filter")
    return Considered(judged.filter(is_kept).select(asked.columns), left_out)


def pairs(
    universes: pl.DataFrame,
    instruments: pl.DataFrame,
    trading: pl.DataFrame,
    session: dt.date,
    *,
    members: pl.DataFrame,
    held: pl.DataFrame,
) -> pl.DataFrame:
    """Gives (strategy_id, instrument_id, last_session) of the base of every universe.

    `universes` has SCHEMA; `instruments` keeps the contract Instruments; `trading` is what `market`
    gives, `members` (index, instrument_id) and `held` (user_id, instrument_id) are those of the
    session. What is named, a member or held is taken whether it trades or not, with a null
    last_session where it does not; a symbol that means several instruments is left out. An
    instrument is there once.
    """
    since = trading.select("instrument_id", "last_session")
    known = listed(instruments, session).join(since, on="instrument_id", how="left")
    clear = known.filter(pl.col("instrument_id").n_unique().over("symbol") == 1)
    once = known.drop("symbol").unique("instrument_id")
    names_nothing = pl.col("symbols").is_null() & pl.col("index").is_null() & ~pl.col("positions")
    everything = universes.filter(names_nothing).select("strategy_id")
    of_index = universes.select("strategy_id", "index").join(members, on="index")
    of_user = universes.filter("positions").join(held, on="user_id")
    columns = ["strategy_id", "instrument_id", "last_session"]
    asked = pl.concat(
        [
            everything.join(once.filter(pl.col("last_session").is_not_null()), how="cross"),
            _symbols(universes, "symbols").join(clear, on="symbol").select(columns),
            of_index.join(once, on="instrument_id").select(columns),
            of_user.join(once, on="instrument_id").select(columns),
        ]
    ).sort("strategy_id", "instrument_id")
    # A symbol may be named twice, and two symbols may mean one instrument.
    repeated = pl.all_horizontal(
        pl.col(name) == pl.col(name).shift() for name in ("strategy_id", "instrument_id")
    )
    return asked.filter(~repeated.fill_null(value=False))


def _symbols(universes: pl.DataFrame, column: str) -> pl.DataFrame:
    """Gives (strategy_id, symbol) of a column of symbols, as often as they are there."""
    return (
        universes.filter(pl.col(column).list.len() > 0)
        .explode(column)
        .select("strategy_id", symbol=column)
    )


def _filtered(
    universes: pl.DataFrame,
    asked: pl.DataFrame,
    instruments: pl.DataFrame,
    trading: pl.DataFrame,
    session: dt.date,
) -> pl.DataFrame:
    """Gives the pairs with `filter`, the first that leaves them out; null: none does."""
    # A filter nobody set is not asked of anybody.
    names = [name for name in FILTERS if universes.select(_is_set(name).any()).item()]
    if not names:
        return asked.with_columns(filter=pl.lit(None, dtype=pl.String))
    limits = universes.select("strategy_id", *(pl.col(name).alias(f"of_{name}") for name in names))
    facts = _facts(instruments, session).join(trading, on="instrument_id", how="left")
    known = facts.select("instrument_id", *{_ASKED_OF[name] for name in names if name in _ASKED_OF})
    judged = asked.join(limits, on="strategy_id", how="left", maintain_order="left").join(
        known, on="instrument_id", how="left", maintain_order="left"
    )
    if "excluded" in names:
        key = ["strategy_id", "instrument_id"]
        banned = _symbols(universes, "excluded").join(listed(instruments, session), on="symbol")
        once = banned.select(*key, is_excluded=pl.lit(value=True)).unique()
        judged = judged.join(once, on=key, how="left", maintain_order="left")
    first = pl.coalesce(pl.when(_SAYS_SO[name]).then(pl.lit(name)) for name in names)
    return judged.select(*asked.columns, filter=first)


# A limit that is not set and a value that is not known compare as null: nothing is left out.
_SAYS_SO = {
    "excluded": pl.col("is_excluded"),
    "kinds": ~pl.col("of_kinds").list.contains(pl.col("kind")),
    "exchanges": pl.col("of_exchanges").list.set_intersection("exchanges").list.len() == 0,
    "min_price": pl.col("price") < pl.col("of_min_price"),
    "max_price": pl.col("price") > pl.col("of_max_price"),
    "min_dollar_volume": pl.col("dollar_volume") < pl.col("of_min_dollar_volume"),
}
_ASKED_OF = {
    "kinds": "kind",
    "exchanges": "exchanges",
    "min_price": "price",
    "max_price": "price",
    "min_dollar_volume": "dollar_volume",
}


def _is_set(name: str) -> pl.Expr:
    return pl.col(name).list.len() > 0 if name == "excluded" else pl.col(name).is_not_null()


def _facts(instruments: pl.DataFrame, session: dt.date) -> pl.DataFrame:
    """Gives instrument_id, kind and the exchanges it is listed on, on a session."""
    return (
        _valid(instruments, session)
        .group_by("instrument_id")
        .agg(kind=pl.col("kind").first(), exchanges=pl.col("exchange").unique().sort())
    )


def resolved(universes: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """Gives strategy_id, user_id, instruments, instrument_ids and digest of each universe.

    `asked` are the pairs it came to. `instruments` is their number, `instrument_ids` are their ids
    in ascending order, joined by commas, and `digest` is the SHA-256 of that text in hexadecimal
    digits: equal lists are equal, whoever's and whenever. One of no instruments is the empty text.
    """
    of_strategy = asked.group_by("strategy_id").agg(
        instruments=pl.len().cast(pl.Int64),
        instrument_ids=pl.col("instrument_id").sort().cast(pl.String).str.join(","),
    )
    found = (
        universes.select("strategy_id", "user_id")
        .join(of_strategy, on="strategy_id", how="left")
        .with_columns(pl.col("instruments").fill_null(0), pl.col("instrument_ids").fill_null(""))
    )
    texts = found.get_column("instrument_ids").unique()
    digests = pl.Series(
        [hashlib.sha256(one.encode()).hexdigest() for one in texts], dtype=pl.String
    )
    of_text = pl.DataFrame({"instrument_ids": texts, "digest": digests})
    return found.join(of_text, on="instrument_ids").sort("strategy_id")
