"""Rows and frames the tests of the pipelines begin with, written through the stores."""

import datetime as dt
from typing import Any

import polars as pl
from sqlalchemy import text

from quantmatrix_engine.contracts.bars import Bars
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.instruments import Listing
from quantmatrix_engine.contracts.notifications import Notifications
from quantmatrix_engine.contracts.signals import Signals
from quantmatrix_engine.notifications.message import Item, Message
from quantmatrix_engine.strategies.evaluate import WITHHELD_SCHEMA
from quantmatrix_engine.vocabulary import Action
from quantmatrix_models.audit import AuditKeys
from quantmatrix_models.database import Database
from quantmatrix_pipelines.defs.signals.evaluation import RUN_SCHEMA
from quantmatrix_pipelines.stores import evaluations, instruments, outbox, strategies, users
from quantmatrix_pipelines.stores.trail import Trail

# A Friday, and the moment its first run is scheduled for.
SESSION = dt.date(2026, 11, 20)
AT = dt.datetime(2026, 11, 21, 0, 15, tzinfo=dt.UTC)
AUDIT_KEYS = AuditKeys([AuditKeys.new_key()])
TRAIL = Trail(AUDIT_KEYS, "tests", lambda: AT)


def schema_of(contract: Any) -> dict[str, Any]:
    """Gives the columns and types a contract names."""
    return {name: column.dtype.type for name, column in contract.to_schema().columns.items()}


LINK_SCHEMA = {
    "user_id": pl.Int64,
    "channel": pl.String,
    "session": pl.Date,
    "part": pl.Int64,
    "signal_id": pl.Int64,
}


def query(database: Database, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    """Gives the rows of a statement, run as the owner of the tables: nothing is hidden from it."""
    with database.engine.begin() as connection:
        return [tuple(row) for row in connection.execute(text(statement), values)]


def change(database: Database, statement: str, **values: Any) -> None:
    """Runs a statement that gives no rows, as the owner of the tables."""
    with database.engine.begin() as connection:
        connection.execute(text(statement), values)


def add_user(database: Database, name: str) -> int:
    """Adds a user and gives the id."""
    user_id = users.add(database, name, trail=TRAIL)
    assert user_id is not None
    return user_id


def add_strategy(database: Database, user_id: int, name: str = "Pullback", **params: Any) -> int:
    """Adds a strategy of the kind atr_matrix and gives the id."""
    strategy_id = strategies.add(
        database,
        user_id=user_id,
        name=name,
        kind="atr_matrix",
        params=params,
        universe={"symbols": None},
        trail=TRAIL,
    )
    assert strategy_id is not None
    return strategy_id


def add_account(database: Database, user_id: int, **further: Any) -> int:
    """Adds an account kept by hand and gives the id."""
    row = {"user_id": user_id, "broker": "manual", "number": "1", "name": "Main"}
    return insert_row(database, "accounts", row | {"tax_treatment": "taxable"} | further)


def hold(
    database: Database, user_id: int, account_id: int, instrument_id: int, **further: Any
) -> int:
    """Adds a position of ten units, open since nobody knows when, and gives the id."""
    row = {"user_id": user_id, "account_id": account_id, "instrument_id": instrument_id}
    return insert_row(database, "positions", row | {"quantity": 10, "currency": "USD"} | further)


def insert_row(database: Database, table: str, row: dict[str, Any]) -> int:
    """Adds a row as the owner of the tables and gives its id."""
    names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    statement = f"INSERT INTO {table} ({names}) VALUES ({values}) RETURNING id"  # noqa: S608
    ((made,),) = query(database, statement, **row)
    return int(made)


def listing(*symbols: str, **wrong: Any) -> pl.DataFrame:
    """Gives a listing of stocks on XNYS that begin on 2020-01-02."""
    row = {
        "exchange": "XNYS",
        "currency": "USD",
        "kind": "stock",
        "name": None,
        "first_session": dt.date(2020, 1, 2),
    }
    rows = [{**row, **wrong, "symbol": symbol} for symbol in symbols]
    return pl.DataFrame(rows, schema=schema_of(Listing))


def add_instrument(database: Database, symbol: str) -> int:
    """Lists a symbol and gives the id of its instrument."""
    instruments.record(database, listing(symbol))
    known = instruments.catalogue(database).filter(pl.col("symbol") == symbol)
    instrument_id: int = known.item(0, "instrument_id")
    return instrument_id


def bars(*rows: tuple[int, dt.date, float]) -> pl.DataFrame:
    """Gives bars of (instrument_id, session, close)."""
    price = {"open": 10.0, "high": 1000.0, "low": 1.0, "volume": 100.0}
    about = {"provider": "sample", "known_at": AT, "is_final": True}
    made = [
        {"instrument_id": one, "session": session, "close": close, **price, **about}
        for one, session, close in rows
    ]
    return pl.DataFrame(made, schema=schema_of(Bars))


def findings(*rows: dict[str, Any]) -> pl.DataFrame:
    """Gives findings: a null price in line 7 of bars.csv, but for what each row says."""
    one = {
        "provider": "folder",
        "symbol": "AAA",
        "session": SESSION,
        "rule": "null_price",
        "column": "close",
        "value": None,
        "expected": "a price",
        "severity": "error",
        "source": "bars.csv",
        "source_row": 7,
        "row": '{"close": null}',
    }
    return pl.DataFrame([{**one, **row} for row in rows], schema=schema_of(Findings))


def run(user_id: int, strategy_id: int, **wrong: Any) -> pl.DataFrame:
    """Gives the ledger row of a run that succeeded."""
    row = {
        "user_id": user_id,
        "strategy_id": strategy_id,
        "session": SESSION,
        "kind": "atr_matrix",
        "kind_version": 1,
        "params": "{}",
        "universe": "{}",
        "code_version": "1",
        "inputs_known_at": AT,
        "status": "succeeded",
        "error": None,
        "candidates": 1,
        "signals": 1,
        "withheld": 0,
        "evaluated_at": AT,
        "dagster_run_id": "run",
    }
    return pl.DataFrame([{**row, **wrong}], schema=RUN_SCHEMA)


def signals(*rows: dict[str, Any]) -> pl.DataFrame:
    """Gives entries at 100 with a stop at 90, but for what each row says."""
    one = {
        "action": "entry",
        "strength": 0.5,
        "price": 100.0,
        "stop": 90.0,
        "size_pct": 5.0,
        "size_basis": "account",
        "trace": "[]",
    }
    return pl.DataFrame([{**one, **row} for row in rows], schema=schema_of(Signals))


def withheld(*rows: dict[str, Any]) -> pl.DataFrame:
    """Gives withheld signals for want of a bar, but for what each row says."""
    one = {"reason": "no_bar", "detail": "no bar"}
    return pl.DataFrame([{**one, **row} for row in rows], schema=WITHHELD_SCHEMA)


def say(
    database: Database, user_id: int, strategy_id: int, *instrument_ids: int, **further: Any
) -> list[int]:
    """Stores a run with an entry into each instrument, but for what `further` says of all of them.

    Gives the ids of the signals.
    """
    one = {"strategy_id": strategy_id, **further}
    said = signals(*({**one, "instrument_id": instrument_id} for instrument_id in instrument_ids))
    evaluations.record(database, run(user_id, strategy_id), said, withheld())
    return [
        row[0]
        for row in query(
            database,
            "SELECT id FROM signals WHERE strategy_id = :id AND instrument_id = ANY(:ones)"
            " ORDER BY id",
            id=strategy_id,
            ones=list(instrument_ids),
        )
    ]


def message(headline: str) -> Message:
    """Gives a message with one item."""
    item = Item(
        signal_id=7,
        action=Action.ENTRY,
        symbol="AAA",
        title="Entry AAA",
        strength=0.5,
        reasons=(),
        levels=(("Close", "100.00"),),
        size="up to 5.0 % of the account",
    )
    return Message(headline=headline, session=SESSION, items=(item,), also=(), notes=(), footer="")


def notifications(*rows: dict[str, Any]) -> pl.DataFrame:
    """Gives pending messages of the session, due at once, but for what each row says."""
    one = {
        "channel": "signals",
        "session": SESSION,
        "part": 1,
        "message": message("1 entry").model_dump_json(),
        "status": "pending",
        "due_at": AT,
    }
    return pl.DataFrame([{**one, **row} for row in rows], schema=schema_of(Notifications))


def links(*rows: dict[str, Any]) -> pl.DataFrame:
    """Gives which message tells which signal: part 1 of the session, but for what each row says."""
    one = {"channel": "signals", "session": SESSION, "part": 1}
    return pl.DataFrame([{**one, **row} for row in rows], schema=LINK_SCHEMA)


def post(database: Database, user_id: int, *, part: int = 1, headline: str = "1 entry") -> int:
    """Puts a message into the outbox, made at AT and due at AT; gives its id."""
    text_of = message(headline).model_dump_json()
    outbox.put(
        database, notifications({"user_id": user_id, "part": part, "message": text_of}), links()
    )
    change(database, "UPDATE notifications SET created_at = :at", at=AT)
    ((notification_id,),) = query(
        database,
        "SELECT id FROM notifications WHERE user_id = :user_id AND part = :part",
        user_id=user_id,
        part=part,
    )
    made: int = notification_id
    return made
