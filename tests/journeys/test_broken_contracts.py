"""A row that breaks a contract anywhere in the chain is a finding; the others go on."""

import datetime as dt
import json
from typing import Any

import polars as pl
from journeys.conftest import FIRST, LAST, Installation
from sqlalchemy import text

from quantmatrix_adapters.providers.base import Delivery
from quantmatrix_adapters.providers.sample import SOURCE, SampleProvider
from quantmatrix_models.privileges import Role

CHANGED = ("HUGE", "TINY")


class DamagedFeed(SampleProvider):
    """The sample, a stock in a currency that is none, and IBM's bars out of all proportion."""

    def listing(self) -> pl.DataFrame:
        listed = super().listing()
        more = [listed.head(1).with_columns(symbol=pl.lit(symbol)) for symbol in CHANGED]
        odd = listed.head(1).with_columns(symbol=pl.lit("ODD"), currency=pl.lit("dollars"))
        return pl.concat([listed, *more, odd])

    def daily_bars(self, first: dt.date, last: dt.date, *, known_at: dt.datetime) -> Delivery:
        given = super().daily_bars(first, last, known_at=known_at).bars
        ibm = given.filter(pl.col("symbol") == "IBM")
        prices = pl.col("open", "high", "low", "close")
        # A hundred times such an ATR is no number any more; the small prices cannot be stored.
        huge = ibm.with_columns(prices * 8e305, symbol=pl.lit("HUGE"))
        tiny = ibm.with_columns(prices / 1e10, symbol=pl.lit("TINY"))
        unnamed = ibm.filter(session=LAST).with_columns(symbol=pl.lit(None, pl.String))
        return Delivery(pl.concat([given, huge, tiny, unnamed]), given_no_findings())


def given_no_findings() -> pl.DataFrame:
    return SampleProvider().daily_bars(FIRST, FIRST, known_at=dt.datetime.now(dt.UTC)).findings


def walk(installation: Installation) -> None:
    """Evaluates the last session for two users on the damaged feed."""
    installation.feed = DamagedFeed()
    installation.add_user("ada", {}, webhook=False)
    installation.add_user("ben", {}, webhook=False)
    installation.load(FIRST, LAST)
    installation.evaluate(LAST)


def found(installation: Installation) -> list[dict[str, Any]]:
    asked = text(
        'SELECT provider, symbol, session, "column", source, user_id, "row" FROM findings'
        " WHERE rule = 'broken_contract' ORDER BY source, user_id"
    )
    with installation.database.transaction(Role.PIPELINE) as connection:
        return [dict(row._mapping) for row in connection.execute(asked)]


def test_each_border_records_what_it_refused(installation: Installation) -> None:
    walk(installation)
    rows = found(installation)
    assert {row["provider"] for row in rows} == {"sample"}
    by_border: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_border.setdefault(row["source"].partition(": ")[0], []).append(row)
    (listed,) = by_border["listing"]
    assert (listed["symbol"], listed["column"]) == ("ODD", "currency")
    assert listed["row"]["currency"] == "dollars"
    (unnamed,) = by_border[SOURCE]
    assert (unnamed["column"], unnamed["session"]) == ("symbol", LAST)
    (huge,) = by_border["indicators"]
    assert huge["session"] == LAST
    (tiny,) = by_border["marketsnapshots"]
    assert tiny["row"]["close"] < 1e-6
    said = by_border["signals"]
    assert {row["user_id"] for row in said} == {1, 2}
    assert {json.dumps(row["row"]["price"] < 1e-6) for row in said} == {"true"}


def test_the_good_rows_go_on_to_every_user(installation: Installation) -> None:
    walk(installation)
    with installation.database.transaction(Role.PIPELINE) as connection:
        asked = text("SELECT user_id, count(*) FROM signals GROUP BY user_id ORDER BY user_id")
        said = {row.user_id: row.count for row in connection.execute(asked)}
        runs = connection.execute(text("SELECT DISTINCT status FROM strategy_runs")).scalars().all()
    assert runs == ["succeeded"]
    assert said[1] == said[2] > 0


def test_what_was_refused_of_one_user_is_not_seen_by_the_other(installation: Installation) -> None:
    walk(installation)
    with installation.database.transaction(Role.APP, user_id=1) as connection:
        owners = connection.execute(text("SELECT DISTINCT user_id FROM findings")).scalars().all()
    assert sorted(owners, key=str) == [1, None]


def test_a_session_run_twice_finds_nothing_twice(installation: Installation) -> None:
    walk(installation)
    first = len(found(installation))
    installation.load(FIRST, LAST)
    installation.evaluate(LAST)
    assert len(found(installation)) == first > 0
