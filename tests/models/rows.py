"""One valid row a table, by number: row 1 is user 1's, row 2 user 2's, and no two collide."""

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from quantmatrix_engine.vocabulary import Channel
from quantmatrix_models.migrations.tables import metadata

MOMENT = dt.datetime(2026, 1, 2, 21, tzinfo=dt.UTC)
CHANNELS = [channel.value for channel in Channel]


def session(number: int) -> dt.date:
    """Gives the session row `number` is about."""
    return dt.date(2026, 1, number)


def a_row(table: str, number: int, *, user_id: int | None = None) -> dict[str, Any]:
    """Gives row `number` of `table`, for `user_id` where it shall be another user's.

    What it refers to are that user's own rows, which `fill` makes.
    """
    owner = number if user_id is None else user_id
    made = _made_of(number, owner)[table]
    has_owner = "user_id" in metadata.tables[table].columns
    return made | ({"user_id": owner} if has_owner else {})


def fill(connection: Connection, number: int, *, until: str | None = None) -> None:
    """Writes row `number` of every table, or of those `until` can refer to."""
    for table in metadata.sorted_tables:
        if table.name == until:
            return
        connection.execute(table.insert().values(a_row(table.name, number)))


def _made_of(number: int, owner: int) -> dict[str, dict[str, Any]]:
    settings = {"params": {}, "universe": {}, "kind": "pullback"}
    about = {"strategy_id": owner, "run_id": owner, "instrument_id": owner}
    counts = {"candidates": 1, "signals": 1, "withheld": 0}
    version = {"kind_version": 1, "code_version": "1"}
    bar = {"provider": "sample", "source": "bars.csv", "source_row": number, "rule": "null_price"}
    fetch = {"provider": "sample", "version": "1", "bars": 1, "new_bars": 1, "fetched_at": MOMENT}
    fetch["dagster_run_id"] = "run"
    sessions = {"first_session": session(number), "last_session": session(number)}
    sizing = {"size_pct": Decimal(5), "size_basis": "account"}
    entry = {"action": "entry", "strength": 0.5, "price": Decimal(100), "stop": Decimal(90)}
    this = {"id": number, "session": session(number)}
    channel = {"channel": CHANNELS[number]}
    return {
        "users": {"id": number, "name": f"user-{number}", "cohort": number},
        "instruments": {"id": number, "kind": "stock", "exchange": "XNYS", "currency": "USD"},
        "instrument_symbols": {
            "id": number,
            "instrument_id": owner,
            "symbol": f"SYM{number}",
            "exchange": "XNYS",
            "valid_from": session(number),
        },
        "provider_fetches": {"id": number} | fetch | sessions,
        "findings": {"id": number, "expected": "a price", "severity": "error"} | bar,
        "discord_webhooks": {"id": number, "sealed_url": "sealed"} | channel,
        "strategies": {"id": number, "name": f"strategy {number}"} | settings,
        "strategy_runs": this
        | {"strategy_id": owner, "status": "succeeded", "evaluated_at": MOMENT}
        | settings
        | counts
        | version,
        "withheld_signals": this | about | {"reason": "no_bar", "detail": "none"},
        "signals": this | about | entry | sizing | {"trace": []},
        "notifications": this
        | channel
        | {"part": 1, "message": {}, "status": "pending", "due_at": MOMENT},
        "notification_signals": {"notification_id": owner, "signal_id": owner} | channel,
    }
