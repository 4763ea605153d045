"""From recorded bars to the message a trader reads, in one process."""

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import talib
from journeys.conftest import FIRST, LAST, Installation
from sqlalchemy import text

from quantmatrix_adapters.providers.sample import SampleProvider
from quantmatrix_engine import calendars
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.automation import BACKFILL_TAG
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import range_tags, user_range_tags
from quantmatrix_pipelines.stores import strategies, users


def test_recorded_bars_become_the_exact_message(loaded: Installation) -> None:
    ada = loaded.add_user("ada", {})
    loaded.evaluate(LAST)
    loaded.run("delivery", {})
    (message,) = loaded.discord.messages(ada)
    assert message["content"] == "2013-03-01: 2 entries"
    assert [embed["title"] for embed in message["embeds"]] == [
        "Entry IBM · ATR Matrix",
        "Entry MSFT · ATR Matrix",
    ]
    assert message["allowed_mentions"] == {"parse": []}
    for embed, symbol in zip(message["embeds"], ("IBM", "MSFT"), strict=True):
        expected = _expected(symbol)
        assert embed["description"].replace("\\", "") == expected["description"]
        shown = {one["name"]: one["value"].replace("\\", "") for one in embed["fields"]}
        assert shown == expected["fields"]


def _expected(symbol: str) -> dict:
    """What the rules of V1 give on these bars, worked out with TA-Lib and numpy alone."""
    recorded = SampleProvider().daily_bars(FIRST, LAST, known_at=dt.datetime.now(dt.UTC)).bars
    bars = recorded.filter(pl.col("symbol") == symbol).sort("session")
    high, low, close = (bars[name].to_numpy().astype(float) for name in ("high", "low", "close"))
    price, atr = close[-1], talib.ATR(high, low, close, 14)[-1]
    sma = {window: talib.SMA(close, window)[-1] for window in (20, 50, 100, 200)}
    distance = (price - sma[50]) / atr
    stop = max(price - 1.5 * atr, 0.9 * price)
    targets = [sma[50] + multiple * atr for multiple in (7, 10, 12)]
    reward = (targets[0] - price) / (price - stop)
    place = (price - low[-20:].min()) / (high[-20:].max() - low[-20:].min()) * 100
    averages = [talib.EMA(close, 10)[-1], *sma.values()]
    aligned = float(np.all(np.diff(averages) <= 0))
    rules = [
        ("distance from SMA50 in ATR", distance, ">=", 0, distance >= 0, 0.0),
        ("distance from SMA50 in ATR", distance, "<=", 4, distance <= 4, 0.30),
        ("close, SMA20", price, ">", sma[20], price > sma[20], 0.20),
        ("reward for the risk", reward, ">=", 0, True, 0.0),
        ("averages aligned (EMA10, SMA20, 50, 100, 200)", aligned, ">=", 1, aligned == 1, 0.25),
        ("place in the 20-session range, %", place, ">", 50, place > 50, 0.15),
        ("ATR, % of the price", atr / price * 100, ">=", 3, atr / price >= 0.03, 0.10),
    ]
    lines = [
        f"{'✓' if is_met else '✗'} {label}: {_number(value)} {sign} {_number(threshold)}"
        for label, value, sign, threshold, is_met, _ in rules
    ]
    strength = sum(weight for *_, is_met, weight in rules if is_met)
    fields = {"Close": f"{price:,.2f}", "Stop": _level(stop, price)}
    fields |= {f"Target {rank}": _level(one, price) for rank, one in enumerate(targets, 1)}
    fields |= {
        "Reward for the risk": f"{reward:.1f} : 1",
        "Strength": f"{strength:.2f}",
        # The session after a Friday.
        "Valid until": "2013-03-04 (close)",
        "Size": "up to 5.0 % of the account",
    }
    return {"description": "\n".join(lines), "fields": fields}


def _number(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _level(level: float, price: float) -> str:
    return f"{level:,.2f} ({(level / price - 1) * 100:+.1f} %)"


def test_a_session_run_twice_says_nothing_twice(loaded: Installation) -> None:
    ada = loaded.add_user("ada", {})
    for _ in range(2):
        loaded.load(calendars.sessions_before(LAST, 10), LAST)
        loaded.evaluate(LAST)
        loaded.run("delivery", {})
    assert len(loaded.discord.messages(ada)) == 1
    assert _counts(loaded) == {"signals": 2, "notifications": 1, "strategy_runs": 2}


def test_a_later_message_names_the_signal_of_an_earlier_one_it_says_the_opposite_of(
    measured: Installation,
) -> None:
    ada = measured.add_user("ada", {})
    measured.judge(LAST)
    measured.run("delivery", {})
    strategies.add(
        measured.database,
        user_id=1,
        name="Out",
        kind="custom",
        params={"entry": "close < 0", "exit": "close > 0"},
        universe={"symbols": ["IBM"]},
        trail=measured.trail(),
    )
    measured.judge(LAST)
    measured.run("delivery", {})
    first, second = measured.discord.messages(ada)
    assert "disagree" not in first["content"]
    assert second["content"].splitlines() == [
        "2013-03-01: 1 exit",
        "Strategies disagree on IBM: Out says exit, ATR Matrix says entry (told before)",
    ]


def test_every_asset_tells_how_many_rows_it_has(installation: Installation, tmp_path: Path) -> None:
    told = tmp_path / "actions.csv"
    told.write_text("symbol,ex_date,kind,amount\nIBM,2012-11-07,cash_dividend,0.85\n")
    figures = tmp_path / "fundamentals.csv"
    figures.write_text("symbol,session,employees\nIBM,2013-01-22,434246\n")
    minutes = tmp_path / "minutes.csv"
    minutes.write_text(
        "symbol,starts_at,open,high,low,close,volume,interval\n"
        "IBM,2013-03-01T14:30:00Z,200,201,199,200.5,1000,5m\n"
    )
    update = {"actions": told, "fundamentals": figures, "intraday_bars": minutes}
    installation.settings = installation.settings.model_copy(update=update)
    installation.add_user("ada", {})
    installation.load(FIRST, LAST)
    installation.run("company_data", range_tags(str(FIRST), str(LAST)))
    installation.run("intraday_data", range_tags(str(LAST), str(LAST)))
    # What became of a signal is known a session later.
    installation.evaluate(calendars.sessions_before(LAST, 1), LAST)
    installation.run("delivery", {})
    installation.run("publication", range_tags(str(LAST), str(LAST)))
    for spec in installation.definitions().resolve_all_asset_specs():
        made = installation.instance.get_latest_materialization_event(spec.key)
        assert made is not None, spec.key
        assert made.asset_materialization is not None, spec.key
        counted = made.asset_materialization.metadata.get("dagster/row_count")
        assert counted is not None, f"{spec.key.to_user_string()} has no row count"
        assert counted.value > 0, spec.key


def test_the_newest_state_of_each_instrument_follows_its_indicators(
    loaded: Installation,
) -> None:
    loaded.evaluate(dt.date(2013, 2, 28), LAST)
    bars = Lake(str(loaded.settings.lake)).read("bars", first=dt.date(2013, 2, 28))
    closes = bars.pivot("session", index="instrument_id", values="close").sort("instrument_id")
    with loaded.database.transaction(Role.APP, user_id=1) as connection:
        rows = connection.execute(
            text(
                "SELECT instrument_id, session, close, change_pct, score, risk_class, indicators"
                " FROM market_snapshots ORDER BY instrument_id"
            )
        ).all()
    assert [row.session for row in rows] == [LAST] * closes.height
    for row, (instrument_id, before, now) in zip(rows, closes.iter_rows(), strict=True):
        assert (row.instrument_id, float(row.close)) == (instrument_id, now)
        assert row.change_pct == pytest.approx((now / before - 1) * 100)
        # All are in the entry zone, which adds 0.4 to 0.5, and above the middle of their range.
        assert 0 <= row.indicators["atr_distance_50_14"] <= 4
        position, atr_pct = row.indicators["range_position_20"], row.indicators["atr_pct_14"]
        further = 0.25 * row.indicators["ma_aligned"] + (0.15 if position > 70 else 0.0)
        assert position > 50
        assert row.score == pytest.approx(min(1, 0.9 + (further or 0.1)))
        assert row.risk_class == ("low" if atr_pct < 2 else "medium" if atr_pct < 4 else "high")


def test_nothing_of_one_user_appears_with_the_other(measured: Installation) -> None:
    ada = measured.add_user("ada", {})
    ben = measured.add_user("ben", {"entry_max_atr_distance": 1.5})
    measured.judge(LAST)
    measured.run("delivery", {})
    titles = [
        [embed["title"] for one in measured.discord.messages(user) for embed in one["embeds"]]
        for user in (ada, ben)
    ]
    assert titles == [
        ["Entry IBM · ATR Matrix", "Entry MSFT · ATR Matrix"],
        ["Entry MSFT · ATR Matrix"],
    ]
    for user_id, signals in ((1, 2), (2, 1)):
        with measured.database.transaction(Role.APP, user_id=user_id) as connection:
            owners = connection.execute(text("SELECT user_id FROM signals")).scalars().all()
        assert owners == [user_id] * signals


def test_earlier_sessions_are_kept_but_not_sent(measured: Installation) -> None:
    ada = measured.add_user("ada", {})
    sessions = [dt.date(2013, 2, 27), dt.date(2013, 2, 28), LAST]
    measured.judge(*sessions)
    measured.run("delivery", {})
    assert [one["content"][:10] for one in measured.discord.messages(ada)] == ["2013-03-01"]
    with measured.database.transaction(Role.PIPELINE) as connection:
        kept = connection.execute(
            text("SELECT session, reason FROM notifications WHERE status = 'suppressed'")
        ).all()
    assert {one.session for one in kept} == set(sessions[:2])
    for one in kept:
        assert one.reason == f"Bars of 2013-03-01 were known when {one.session} was evaluated."


def test_a_backfill_tells_nobody_anything(loaded: Installation) -> None:
    ada = loaded.add_user("ada", {})
    loaded.run("market_data", range_tags(str(LAST), str(LAST)), "indicators")
    loaded.run("evaluation", {**user_range_tags([LAST]), BACKFILL_TAG: "some"})
    loaded.run("delivery", {})
    assert loaded.discord.messages(ada) == []
    assert _counts(loaded) == {"signals": 2, "notifications": 1, "strategy_runs": 1}


def test_a_changed_param_changes_only_that_users_next_signals(measured: Installation) -> None:
    first, second = dt.date(2013, 2, 28), LAST
    measured.add_user("ada", {}, webhook=False)
    measured.add_user("ben", {}, webhook=False)
    measured.judge(first)
    before = _said(measured, first)
    assert before[1] == before[2] != []
    (mine,) = strategies.of_user(measured.database, 1)
    strategies.set_params(
        measured.database,
        user_id=1,
        strategy_id=mine.id,
        params={"max_position_pct": 1.0},
        trail=measured.trail(),
    )
    measured.judge(second)
    assert _said(measured, first) == before
    after = _said(measured, second)
    assert [(one[0], 1.0) for one in after[2]] == [(one[0], one[1]) for one in after[1]]
    assert {one[1] for one in after[2]} == {5.0}


def test_a_strategy_that_cannot_be_read_fails_alone(measured: Installation) -> None:
    measured.add_user("ada", {"entry_max_atr_distance": 99}, webhook=False)
    ben = measured.add_user("ben", {})
    users.add(measured.database, "olga", trail=measured.trail())
    with measured.database.engine.begin() as connection:
        connection.execute(text("UPDATE users SET role = 'admin' WHERE name = 'olga'"))
    # A session evaluated again tells nobody a second time.
    for _ in range(2):
        measured.judge(LAST)
        measured.run("delivery", {})
    assert len(measured.discord.messages(ben)) == 1
    with measured.database.transaction(Role.PIPELINE) as connection:
        error = connection.execute(
            text("SELECT DISTINCT error FROM strategy_runs WHERE status = 'failed'")
        ).scalar_one()
        told = connection.execute(
            text(
                "SELECT u.name, n.channel, n.message FROM notifications n"
                " JOIN users u ON u.id = n.user_id WHERE u.name <> 'ben' ORDER BY n.id"
            )
        ).all()
    assert "entry_max_atr_distance = 99" in error
    assert [row[:2] for row in told] == [("ada", "signals"), ("olga", "system_status")]
    of_ada, of_olga = (row.message for row in told)
    assert of_ada["notes"] == [f"Not evaluated: ATR Matrix: {error}"]
    assert of_olga["headline"] == "1 strategy of 1 user not evaluated on 2013-03-01"
    assert of_olga["notes"][0] == f"ada, ATR Matrix: {error}"


def test_what_fails_in_a_later_cohort_is_told_to_administrators_and_nothing_twice(
    loaded: Installation,
) -> None:
    for name in ("ada", "ben"):
        loaded.add_user(name, {"entry_max_atr_distance": 99}, webhook=False)
    users.add(loaded.database, "olga", trail=loaded.trail())
    with loaded.database.engine.begin() as connection:
        connection.execute(text("UPDATE users SET role = 'admin' WHERE name = 'olga'"))
    loaded.run("market_data", range_tags(str(LAST), str(LAST)), "indicators", "market_snapshots")
    for cohort in ("u00", "u01", "u00"):
        loaded.run("evaluation", range_tags(f"{LAST}|{cohort}", f"{LAST}|{cohort}"))
    with loaded.database.transaction(Role.PIPELINE) as connection:
        told = connection.execute(
            text(
                "SELECT message -> 'notes' ->> 0 AS first FROM notifications"
                " WHERE channel = 'system_status' ORDER BY part"
            )
        ).scalars()
        assert [one.split(",")[0] for one in told] == ["ada", "ben"]


def _said(installation: Installation, session: dt.date) -> dict[int, list[tuple[str, float]]]:
    with installation.database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(
                "SELECT user_id, instrument_id || action AS what, size_pct FROM signals"
                " WHERE session = :session ORDER BY user_id, what"
            ),
            {"session": session},
        ).all()
    found: dict[int, list[tuple[str, float]]] = {1: [], 2: []}
    for user_id, what, size_pct in rows:
        found[user_id].append((what, float(size_pct)))
    return found


def _counts(installation: Installation) -> dict[str, int]:
    with installation.database.transaction(Role.PIPELINE) as connection:
        return {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608
            for table in ("signals", "notifications", "strategy_runs")
        }
