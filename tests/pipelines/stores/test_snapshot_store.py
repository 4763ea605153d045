import datetime as dt
import hashlib
import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from pipelines.rows import AT, SESSION, bars, schema_of
from polars.testing import assert_frame_equal

from quantmatrix_engine.contracts.corporate_actions import PriceActions
from quantmatrix_engine.contracts.fundamentals import Fundamentals
from quantmatrix_engine.contracts.indicators import Indicators
from quantmatrix_engine.contracts.instruments import Instruments
from quantmatrix_engine.contracts.intraday_bars import IntradayBars
from quantmatrix_engine.contracts.intraday_indicators import IntradayIndicators
from quantmatrix_engine.contracts.signal_history import SignalHistory
from quantmatrix_engine.contracts.signal_outcomes import OutcomeHistory, SignalStages
from quantmatrix_engine.contracts.weekly_indicators import WeeklyIndicators
from quantmatrix_pipelines.stores import snapshot
from quantmatrix_pipelines.stores.snapshot import Table

THURSDAY = dt.date(2026, 11, 19)
TRACE = [
    {"rule": "above_sma_20", "value": 9.5, "comparison": ">", "threshold": 9, "is_met": True},
    {"rule": "atr_pct", "value": None, "comparison": ">=", "threshold": 3.0, "is_met": False},
]


def table(rows: pl.DataFrame) -> Table:
    return Table([rows], "What it's for", {name: f"The {name}'s text" for name in rows.columns})


def instruments() -> pl.DataFrame:
    row = {"instrument_id": 1, "symbol": "AAA", "exchange": "XNYS", "currency": "USD"}
    begins = {"kind": "stock", "valid_from": dt.date(2020, 1, 2)}
    return pl.DataFrame([{**row, **begins}], schema=schema_of(Instruments))


def signals(*sessions: dt.date) -> pl.DataFrame:
    ids = dict.fromkeys(["signal_id", "user_id", "strategy_id", "instrument_id"], 1)
    names = {"user_name": "ada", "strategy_name": "Pullback", "kind": "atr_matrix"}
    said = {"symbol": "AAA", "action": "entry", "strength": 0.5, "price": 100.0, "stop": 90.0}
    size = {"size_pct": 5.0, "size_basis": "account"}
    row = {**ids, **names, **said, **size, "trace": json.dumps(TRACE), "created_at": AT}
    return pl.DataFrame(
        [{**row, "session": session} for session in sessions], schema=schema_of(SignalHistory)
    )


def outcomes() -> pl.DataFrame:
    """The signal was stopped after two sessions: 10 % below its price, all that was at risk."""
    row = {"signal_id": 1, "user_id": 1, "stage": "stopped", "through_session": SESSION}
    held = {"sessions_held": 2, "highest_price": 103.0, "lowest_price": 90.0}
    returns = {"return_pct": -10.0, "best_pct": 3.0, "worst_pct": -10.0}
    in_r = {"return_r": -1.0, "best_r": 0.3, "worst_r": -1.0}
    ended = {"hit_stop": True, "closed": True}
    return pl.DataFrame(
        [{**row, **held, **returns, **in_r, **ended}], schema=schema_of(OutcomeHistory)
    )


def fundamentals() -> pl.DataFrame:
    """Two providers; one of them restated Thursday once Friday's figures were known."""
    said = [("fmp", SESSION, 0, 5.0), ("polygon", THURSDAY, -1, 1.0)]
    said += [("polygon", SESSION, 0, 2.0), ("polygon", THURSDAY, 1, 3.0)]
    rows = [
        {"instrument_id": 1, "provider": provider, "session": session, "market_cap": cap}
        | {"known_at": AT + dt.timedelta(days=days)}
        for provider, session, days, cap in said
    ]
    return pl.DataFrame(rows, schema=schema_of(Fundamentals))


def weeks() -> pl.DataFrame:
    """The week of the session and the one before it."""
    prices = dict.fromkeys(("open", "high", "low", "close"), 11.0)
    row = {"instrument_id": 1, **prices, "volume": 5.0, "sessions": 4, "known_at": AT}
    days = (SESSION - dt.timedelta(days=7), SESSION)
    return pl.DataFrame(
        [{**row, "session": session} for session in days], schema=schema_of(WeeklyIndicators)
    )


def tables(*, said: tuple[dt.date, ...] = (THURSDAY, SESSION)) -> dict[str, Table]:
    return {
        "instruments": table(instruments()),
        "bars": table(bars((1, THURSDAY, 10.0), (1, SESSION, 11.0))),
        "corporate_actions": table(pl.DataFrame(schema=schema_of(PriceActions))),
        "indicators": table(pl.DataFrame(schema=schema_of(Indicators))),
        "weekly_indicators": table(weeks()),
        "fundamentals": table(fundamentals()),
        "intraday_bars": table(pl.DataFrame(schema=schema_of(IntradayBars))),
        "intraday_indicators": table(pl.DataFrame(schema=schema_of(IntradayIndicators))),
        "signals": table(signals(*said)),
        "signal_outcomes": table(outcomes() if said else outcomes().clear()),
        "signal_stages": table(pl.DataFrame(schema=schema_of(SignalStages))),
    }


def publish(folder: Path, session: dt.date = SESSION, **further: Any) -> Path:
    made = further.pop("tables", tables())
    return snapshot.publish(folder, session, made, made_at=AT, code="v1", **further).folder


def parted(rows: pl.DataFrame) -> Table:
    """A table whose rows come one by one, each when the one before was taken."""
    whole = table(rows)
    return replace(whole, parts=(rows[place : place + 1] for place in range(rows.height)))


@contextmanager
def opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(path / "quantmatrix.duckdb"), read_only=True) as connection:
        yield connection


def asked(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with opened(path) as connection:
        return connection.execute(statement).fetchall()


def test_rows_that_come_in_parts_are_one_table_in_their_order(tmp_path: Path):
    rows = bars(*((number % 7, THURSDAY, float(number)) for number in range(1, 30)))
    made = tables() | {"bars": parted(rows)}
    published = snapshot.publish(tmp_path, SESSION, made, made_at=AT, code="v1")
    assert published.rows["bars"] == 29
    assert asked(published.folder, "SELECT close FROM bars") == [(float(n),) for n in range(1, 30)]
    assert_frame_equal(pl.read_parquet(published.folder / "bars.parquet"), rows)
    manifest = json.loads((published.folder / "manifest.json").read_text())
    assert manifest["tables"]["bars"] == 29
    assert {path.suffix for path in published.folder.iterdir()} == {".parquet", ".duckdb", ".json"}


def test_a_snapshot_is_a_database_with_parquet_and_a_manifest(tmp_path: Path):
    published = publish(tmp_path / "snapshots")
    assert published == tmp_path / "snapshots" / "2026-11-20.1"
    assert {path.name for path in published.iterdir()} == {
        *("instruments.parquet", "bars.parquet", "indicators.parquet", "signals.parquet"),
        *("corporate_actions.parquet", "fundamentals.parquet", "intraday_bars.parquet"),
        *("signal_outcomes.parquet", "signal_stages.parquet", "weekly_indicators.parquet"),
        "intraday_indicators.parquet",
        *("quantmatrix.duckdb", "manifest.json"),
    }
    assert asked(published, "SELECT session, close FROM bars ORDER BY session") == [
        (THURSDAY, 10.0),
        (SESSION, 11.0),
    ]
    assert pl.read_parquet(published / "bars.parquet").equals(pl.concat(tables()["bars"].parts))


def test_rows_are_counted_as_the_file_tells_them(tmp_path: Path):
    path = publish(tmp_path) / "quantmatrix.duckdb"
    counted = snapshot.row_counts(path, ["instruments", "bars", "indicators", "signals"])
    assert counted == {"instruments": 1, "bars": 2, "indicators": 0, "signals": 2}


def test_every_table_and_column_has_its_comment(tmp_path: Path):
    published = publish(tmp_path)
    comments = asked(published, "SELECT table_name, comment FROM duckdb_tables()")
    assert dict(comments) == dict.fromkeys(tables(), "What it's for")
    columns = """
        SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND comment IS NULL
    """
    assert asked(published, columns) == []
    views = "SELECT count(*) FROM duckdb_views() WHERE NOT internal AND comment IS NULL"
    assert asked(published, views) == [(0,)]


def test_a_views_column_says_what_its_table_says_unless_it_is_something_else(tmp_path: Path):
    published = publish(tmp_path)
    said = dict(
        asked(
            published,
            "SELECT table_name || '.' || column_name, comment FROM duckdb_columns()"
            " WHERE column_name IN ('close', 'symbol')",
        )
    )
    assert said["latest_bars.close"] == said["bars.close"] == "The close's text"
    assert said["latest_bars.symbol"] == "The symbol's text"
    assert said["split_adjusted_bars.close"].startswith("Close in the price basis of")


def test_the_views_show_the_newest_session(tmp_path: Path):
    published = publish(tmp_path)
    assert asked(published, "SELECT symbol, close FROM latest_bars") == [("AAA", 11.0)]
    assert asked(published, "SELECT session FROM signals_of_session") == [(SESSION,)]


def test_the_rules_of_a_signal_are_rows(tmp_path: Path):
    published = publish(tmp_path, tables=tables(said=(SESSION,)))
    rules = "SELECT rule, value, comparison, threshold, is_met FROM signal_rules ORDER BY rule"
    assert asked(published, rules) == [
        ("above_sma_20", 9.5, ">", 9.0, True),
        ("atr_pct", None, ">=", 3.0, False),
    ]


def test_a_session_without_signals_has_a_snapshot_too(tmp_path: Path):
    published = publish(tmp_path, tables=tables(said=()))
    assert asked(published, "SELECT * FROM signal_rules") == []
    assert asked(published, "SELECT * FROM signals_of_session") == []


def test_how_a_strategy_did_is_one_row_of_each_action(tmp_path: Path):
    published = publish(tmp_path, tables=tables(said=(SESSION,)))
    assert asked(published, "SELECT * FROM strategy_outcomes") == [
        ("ada", "Pullback", "atr_matrix", "entry", 1, 1, 1, 0, 1, -10.0, -1.0, 2.0)
    ]


def test_where_strategies_disagree_is_one_row_of_an_instrument_and_session(tmp_path: Path):
    rows = signals(SESSION).to_dicts() * 7
    differ = [
        {"strategy_name": "Pullback"},
        {"strategy_name": "Breakout"},
        {"strategy_name": "Reversal", "action": "exit"},
        {"strategy_name": "Pullback", "action": "exit", "session": THURSDAY},
        {"strategy_name": "Pullback", "session": THURSDAY},
        {"strategy_name": "Pullback", "instrument_id": 2, "symbol": "BBB"},
        {"strategy_name": "Pullback", "user_name": "ben"},
    ]
    made = [row | one for row, one in zip(rows, differ, strict=True)]
    said = pl.DataFrame(made, schema=schema_of(SignalHistory))
    published = publish(tmp_path, tables=tables() | {"signals": table(said)})
    assert asked(published, "SELECT * FROM disagreements") == [
        ("ada", SESSION, "AAA", ["Breakout", "Pullback"], ["Reversal"])
    ]


def test_the_latest_fundamentals_are_of_the_last_session_one_row_a_provider(tmp_path: Path):
    rows = "SELECT symbol, provider, session, market_cap FROM latest_fundamentals ORDER BY provider"
    assert asked(publish(tmp_path), rows) == [
        ("AAA", "fmp", SESSION, 5.0),
        ("AAA", "polygon", SESSION, 2.0),
    ]


def test_the_latest_weekly_indicators_are_of_the_newest_week_with_symbols(tmp_path: Path):
    rows = "SELECT symbol, session, sessions, close FROM latest_weekly_indicators"
    assert asked(publish(tmp_path), rows) == [("AAA", SESSION, 4, 11.0)]


def test_a_column_without_values_has_the_type_of_one_with_values(tmp_path: Path):
    types = "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'signals'"
    empty, full = publish(tmp_path, tables=tables(said=())), publish(tmp_path)
    assert asked(empty, types) == asked(full, types)


def test_a_decimal_stays_one(tmp_path: Path):
    price = pl.Series("price", [Decimal("0.000001")], dtype=pl.Decimal(20, 6))
    published = publish(tmp_path, tables={**tables(), "money": table(price.to_frame())})
    assert asked(published, "SELECT price FROM money") == [(Decimal("0.000001"),)]


def test_the_manifest_says_what_is_in_it_and_its_sums_are_true(tmp_path: Path):
    published = publish(tmp_path)
    manifest = json.loads((published / "manifest.json").read_text())
    assert manifest["session"] == "2026-11-20"
    assert manifest["made_at"] == "2026-11-21T00:15:00+00:00"
    assert manifest["code_version"] == "v1"
    counted = {"instruments": 1, "bars": 2, "indicators": 0, "signals": 2}
    counted |= {"corporate_actions": 0, "fundamentals": 4, "intraday_bars": 0}
    counted |= {"signal_outcomes": 1, "signal_stages": 0, "weekly_indicators": 2}
    counted |= {"intraday_indicators": 0}
    assert manifest["tables"] == counted
    others = [path for path in published.iterdir() if path.name != "manifest.json"]
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in others}
    assert manifest["sha256"] == sums


def test_nothing_of_a_snapshot_can_be_written(tmp_path: Path):
    published = publish(tmp_path)
    assert {stat.S_IMODE(path.stat().st_mode) for path in published.iterdir()} == {0o444}
    assert stat.S_IMODE(published.stat().st_mode) == 0o755


def test_links_lead_to_the_newest_session_and_to_each_session(tmp_path: Path):
    of_friday, of_thursday = publish(tmp_path), publish(tmp_path, THURSDAY)
    assert (tmp_path / "latest").resolve() == of_friday
    assert (tmp_path / "2026-11-20").resolve() == of_friday
    assert (tmp_path / "2026-11-19").resolve() == of_thursday
    # Relative, so that the folder can be moved and mounted elsewhere.
    assert (tmp_path / "latest").readlink() == Path("2026-11-20.1")


def test_a_session_published_again_gets_the_next_number_and_the_first_stays(tmp_path: Path):
    first = publish(tmp_path)
    before = {path.name: path.read_bytes() for path in first.iterdir()}
    second = publish(tmp_path, tables=tables(said=()))
    assert second.name == "2026-11-20.2"
    assert (tmp_path / "latest").resolve() == (tmp_path / "2026-11-20").resolve() == second
    assert {path.name: path.read_bytes() for path in first.iterdir()} == before


def test_the_tenth_of_a_session_comes_after_the_ninth(tmp_path: Path):
    (tmp_path / "2026-11-20.9").mkdir()
    assert publish(tmp_path).name == "2026-11-20.10"
    assert (tmp_path / "latest").readlink() == Path("2026-11-20.10")


def test_a_folder_somebody_else_put_there_is_no_snapshot(tmp_path: Path):
    (tmp_path / "notes.2027").mkdir()
    published = publish(tmp_path)
    assert (tmp_path / "latest").resolve() == published


def test_a_snapshot_that_fails_leaves_nothing_and_the_latest_as_it_was(tmp_path: Path):
    first = publish(tmp_path)
    before = set(tmp_path.iterdir())
    undescribed = Table([pl.DataFrame({"x": [1]})], "", {})
    with pytest.raises(KeyError):
        publish(tmp_path, tables={**tables(), "undescribed": undescribed})
    assert set(tmp_path.iterdir()) == before
    assert (tmp_path / "latest").resolve() == first


@pytest.mark.parametrize("name", ["it's", "a b", "[prod]", "{x}*", "ünï"])
def test_a_folder_of_any_name_will_do(tmp_path: Path, name: str):
    published = publish(tmp_path / name)
    assert asked(published, "SELECT count(*) FROM bars") == [(2,)]
