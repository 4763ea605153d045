"""Signals, each derived again from what was known when it was said."""

import datetime as dt
from typing import Any

import dagster as dg
import polars as pl
from journeys.conftest import LAST, MEASURED, Installation
from sqlalchemy import text

from quantmatrix_engine.strategies.replay import Difference
from quantmatrix_pipelines.defs.signals import replays
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.stores import signals
from quantmatrix_pipelines.stores.signals import StoredSignal


def speak(installation: Installation, sessions: list[dt.date]) -> None:
    """Judges sessions for a user of defaults and one of other params."""
    installation.add_user("ada", {}, webhook=False)
    installation.add_user("ben", {"max_position_pct": 1.0}, webhook=False)
    installation.judge(*sessions)


def said(installation: Installation) -> list[StoredSignal]:
    return [
        one
        for user_id in (1, 2)
        for one in signals.of_user(installation.database, user_id, limit=10_000)
    ]


def differing(installation: Installation, stored: list[StoredSignal]) -> dict[int, Difference]:
    lake = Lake(str(installation.settings.lake))
    given: dict[str, Any] = {"providers": ("folder",), "benchmark": "SPY"}
    return replays.replayed(stored, lake, installation.database, **given)


def changed(installation: Installation, statement: str, **values: Any) -> None:
    with installation.database.engine.begin() as connection:
        connection.execute(text(statement), values)


def test_every_signal_is_the_same_derived_again_also_after_a_later_restatement(
    measured: Installation,
) -> None:
    speak(measured, MEASURED)
    stored = said(measured)
    assert len({one.session for one in stored}) > 3  # on some nothing is said
    assert differing(measured, stored) == {}
    lake = Lake(str(measured.settings.lake))
    restated = lake.read("bars", first=LAST, last=LAST).with_columns(
        pl.col("open", "high", "low", "close") * 1.25,
        known_at=pl.lit(measured.now + dt.timedelta(days=1)),
    )
    lake.append("bars", restated)
    assert differing(measured, stored) == {}


def test_what_differs_is_named_and_a_sample_is_derived_again_each_evening(
    measured: Installation,
) -> None:
    speak(measured, [LAST])
    assert "signals derived again, 0 differ" in checked(measured)
    one, other, gone = (of_user(measured, user_id, place) for user_id, place in PLACES)
    changed(measured, "UPDATE signals SET stop = stop - 1 WHERE id = :id", id=one.said.id)
    changed(
        measured,
        "UPDATE strategy_runs SET kind_version = 0 WHERE id = :id",
        id=other.said.run_id,
    )
    found = differing(measured, said(measured))
    stop = one.said.signal["stop"]
    assert found[one.said.id] == Difference("stop", str(stop - 1), str(stop))
    assert found[other.said.id].what == "version of atr_matrix"
    assert found[other.said.id].then == "0"
    lake = Lake(str(measured.settings.lake))
    lake.replace("bars", lake.read("bars").clear(), first=LAST, last=LAST)
    assert differing(measured, [gone]) == {
        gone.said.id: Difference("signal", "entry said", "nothing said")
    }


def test_signals_of_another_version_of_their_kind_fail_no_check(measured: Installation) -> None:
    speak(measured, [LAST])
    changed(measured, "UPDATE strategy_runs SET kind_version = 0 WHERE user_id = 1")
    of_before = len([one for one in said(measured) if one.user == "ada"])
    measured.judge(LAST)
    assert f"{of_before} of another version of their kind left out" in checked(measured)


# Ada's two entries and one of Ben's, whose run is another.
PLACES = ((1, 0), (2, 0), (1, 1))


def of_user(installation: Installation, user_id: int, place: int) -> StoredSignal:
    return signals.of_user(installation.database, user_id)[place]


def checked(installation: Installation) -> str:
    key = dg.AssetCheckKey(dg.AssetKey("signals"), "replayed")
    storage = installation.instance.event_log_storage
    made = storage.get_latest_asset_check_execution_by_key([key])[key].event
    told = made.dagster_event.asset_check_evaluation_data  # type: ignore[union-attr]
    assert told.passed
    return told.description or ""
