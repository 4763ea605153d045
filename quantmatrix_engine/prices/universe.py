"""The universe: which instruments a strategy considers on a session."""

import datetime as dt
from typing import Annotated, Self

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from quantmatrix_engine import calendars

# An instrument without a bar for longer than this is taken to have left the market.
TRADED_WITHIN_SESSIONS = 5


class Universe(BaseModel):
    """What a strategy considers: symbols it names, the members of an index, or all that trades."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbols: Annotated[
        tuple[str, ...] | None, Field(description="The symbols considered; null: all that trade.")
    ] = None
    index: Annotated[
        str | None, Field(description="Index whose members on the session are considered; or null.")
    ] = None

    @model_validator(mode="after")
    def _names_one_thing(self) -> Self:
        if self.symbols is not None and self.index is not None:
            raise ValueError("name symbols or an index, not both")
        return self


def traded(bars: pl.DataFrame, session: dt.date) -> pl.DataFrame:
    """Gives instrument_id and last_session of what traded within the last few sessions.

    `bars` needs instrument_id and session; rows after `session` are not looked at.
    """
    oldest = calendars.sessions_before(session, TRADED_WITHIN_SESSIONS - 1)
    return (
        bars.filter(pl.col("session").is_between(oldest, session))
        .group_by("instrument_id")
        .agg(last_session=pl.col("session").max())
        .sort("instrument_id")
    )


def listed(instruments: pl.DataFrame, session: dt.date) -> pl.DataFrame:
    """Gives instrument_id and symbol as the symbols were on a session (contract Instruments in).

    An instrument is there once for each symbol it has, on however many exchanges.
    """
    return (
        instruments.filter(
            (pl.col("valid_from") <= session)
            & (pl.col("valid_to").is_null() | (pl.col("valid_to") > session))
        )
        .select("instrument_id", "symbol")
        .unique()
        .sort("instrument_id", "symbol")
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
    return _named(universes).join(several, on="symbol").sort("strategy_id", "symbol")


def pairs(
    universes: pl.DataFrame,
    instruments: pl.DataFrame,
    trading: pl.DataFrame,
    session: dt.date,
    *,
    members: pl.DataFrame,
) -> pl.DataFrame:
    """Gives (strategy_id, instrument_id, symbol, last_session) for every strategy's universe.

    `universes` has strategy_id, symbols (a list or null) and index (or null; both null: all);
    `instruments` keeps the contract Instruments; `trading` is what `traded` gives and `members`
    (index, instrument_id) of the session. A named symbol and a member are taken whether they trade
    or not, with a null last_session where they do not; a symbol that means several instruments is
    left out. An instrument of several symbols is there once, under the first of them.
    """
    known = listed(instruments, session).join(trading, on="instrument_id", how="left")
    clear = known.filter(pl.col("instrument_id").n_unique().over("symbol") == 1)
    names_nothing = pl.col("symbols").is_null() & pl.col("index").is_null()
    everything = universes.filter(names_nothing).select("strategy_id")
    of_index = universes.select("strategy_id", "index").join(members, on="index")
    columns = ["strategy_id", "instrument_id", "symbol", "last_session"]
    return (
        pl.concat(
            [
                everything.join(known.filter(pl.col("last_session").is_not_null()), how="cross"),
                _named(universes).join(clear, on="symbol").select(columns),
                of_index.join(known, on="instrument_id").select(columns),
            ]
        )
        .sort("strategy_id", "instrument_id", "symbol")
        .unique(["strategy_id", "instrument_id"], keep="first", maintain_order=True)
    )


def _named(universes: pl.DataFrame) -> pl.DataFrame:
    return (
        universes.filter(pl.col("symbols").is_not_null())
        .explode("symbols")
        .select("strategy_id", symbol="symbols")
        .unique()
    )
