"""What becomes of signals, session after session, and what their users are told of it."""

import datetime as dt
from typing import Any

import duckdb
import polars as pl
import pytest
from journeys.conftest import FIRST, LAST, Installation
from sqlalchemy import text

from quantmatrix_engine import calendars
from quantmatrix_pipelines.defs.signals import outcomes as of_outcomes
from quantmatrix_pipelines.defs.snapshots import assets as of_snapshots
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import range_tags

SESSIONS = calendars.sessions(dt.date(2013, 2, 27), LAST)
# A stop so near that a session's ordinary range reaches it.
NEAR_STOP = {"stop_atr_multiple": 0.2}


def outcomes(installation: Installation) -> list[tuple[Any, ...]]:
    return asked(
        installation,
        "SELECT o.signal_id, o.user_id, o.stage, o.through_session, o.sessions_held,"
        " o.highest_price, o.lowest_price, round(o.return_pct::numeric, 6), o.hit_target,"
        " o.hit_stop, o.closed FROM signal_outcomes o ORDER BY o.signal_id",
    )


def stages(installation: Installation) -> list[tuple[Any, ...]]:
    return asked(
        installation,
        "SELECT signal_id, stage, target, session, price, created_at FROM signal_stages"
        " ORDER BY signal_id, session, stage, target",
    )


def asked(installation: Installation, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    with installation.database.engine.connect() as connection:
        rows = connection.execute(text(statement.replace("::", "\\:\\:")), values)
        return [tuple(row) for row in rows]


def test_sessions_followed_one_by_one_again_and_together_come_to_the_same(
    measured: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured.add_user("ada", {"valid_sessions": 3}, webhook=False)
    measured.add_user("ben", NEAR_STOP, webhook=False)
    for session in SESSIONS:
        measured.judge(session)
    first, seen = outcomes(measured), stages(measured)
    # What was said on the newest session waits for its first bar, and has no outcome yet.
    earlier = asked(measured, "SELECT id FROM signals WHERE session < :last ORDER BY id", last=LAST)
    assert [row[:1] for row in first] == earlier
    assert {"triggered", "stopped"} <= {row[2] for row in first}
    # From nothing, the two users two portions: all is the same but when it was seen.
    with measured.database.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("DELETE FROM signal_stages"))
        connection.execute(text("DELETE FROM signal_outcomes"))
    monkeypatch.setattr(of_outcomes, "SIGNALS_AT_ONCE", 1)
    measured.judge(*SESSIONS)
    assert outcomes(measured) == first
    assert [row[:-1] for row in stages(measured)] == [row[:-1] for row in seen]


def test_a_snapshot_made_in_parts_has_every_row(
    measured: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured.add_user("ada", {}, webhook=False)
    measured.add_user("ben", NEAR_STOP, webhook=False)
    measured.judge(*SESSIONS)
    monkeypatch.setattr(of_snapshots, "SIGNALS_AT_ONCE", 1)
    measured.run("publication", range_tags(str(LAST), str(LAST)))
    file = measured.settings.snapshots / "latest" / "quantmatrix.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        stored = {
            "signals": "SELECT id FROM signals ORDER BY 1",
            "signal_outcomes": "SELECT signal_id FROM signal_outcomes ORDER BY 1",
            "signal_stages": "SELECT signal_id FROM signal_stages ORDER BY 1",
        }
        for table, statement in stored.items():
            there = connection.table(table).project("signal_id").order("signal_id").fetchall()
            assert there == asked(measured, statement)
        lake = Lake(str(measured.settings.lake))
        for table in ("bars", "indicators"):
            kept = lake.read(table, last=LAST, columns=["instrument_id", "session"])
            by_year = sorted(kept.rows(), key=lambda row: (row[1].year, *row))
            written = connection.table(table).project("instrument_id, session").fetchall()
            assert written == by_year


def test_a_restated_bar_changes_what_is_measured_and_no_stage_that_was_seen(
    measured: Installation,
) -> None:
    measured.add_user("ada", {}, webhook=False)
    *_, before = SESSIONS[:-1]
    measured.judge(before, LAST)
    found, seen = outcomes(measured), stages(measured)
    assert [row[1] for row in seen] == ["triggered"] * len(found)
    lake = Lake(str(measured.settings.lake))
    measured.now += dt.timedelta(hours=1)
    halved = lake.read("bars", first=LAST, last=LAST).with_columns(
        pl.col("low") * 0.5, known_at=pl.lit(measured.now - dt.timedelta(minutes=1))
    )
    lake.append("bars", halved)
    measured.evaluate(LAST)
    restated = outcomes(measured)
    assert [row[2] for row in found] == ["triggered"] * len(found)
    assert [row[2] for row in restated] == ["stopped"] * len(found)
    # What was seen stays, and what is seen now is added.
    assert [row for row in stages(measured) if row[1] == "triggered"] == seen
    assert [row[1] for row in stages(measured)] == ["stopped", "triggered"] * len(found)


def test_a_user_is_told_once_that_a_stop_was_reached(installation: Installation) -> None:
    ada = installation.add_user("ada", NEAR_STOP)
    *_, before = SESSIONS[:-1]
    installation.load(FIRST, before)
    installation.now = calendars.closes_at(before) + dt.timedelta(minutes=15)
    installation.evaluate(before)
    installation.run("delivery", {})
    installation.load(LAST, LAST)
    installation.now = calendars.closes_at(LAST) + dt.timedelta(minutes=15)
    for _ in range(2):
        installation.evaluate(LAST)
        installation.run("delivery", {})
    first, second = installation.discord.messages(ada)
    assert "stopped" not in first["content"]
    stopped = asked(
        installation,
        "SELECT y.symbol, g.price, t.price FROM signal_stages t"
        " JOIN signals g ON g.id = t.signal_id"
        " JOIN instrument_symbols y ON y.instrument_id = g.instrument_id"
        " WHERE t.stage = 'stopped' ORDER BY y.symbol DESC",
    )
    assert stopped
    told = second["content"].replace("\\", "").splitlines()[1:]
    assert told == [
        f"{symbol}, entry of {before} · ATR Matrix: stopped at {stop:.2f}"
        f" ({(float(stop) / float(price) - 1) * 100:+.1f} %)"
        for symbol, price, stop in stopped
    ]


def test_nothing_is_told_of_what_became_of_a_signal_that_was_not_told(
    measured: Installation,
) -> None:
    ada = measured.add_user("ada", NEAR_STOP)
    *_, before = SESSIONS[:-1]
    measured.judge(before, LAST)
    measured.run("delivery", {})
    (message,) = measured.discord.messages(ada)
    assert "stopped" not in message["content"]
    assert asked(measured, "SELECT count(*) FROM signal_stages WHERE stage = 'stopped'") > [(0,)]
