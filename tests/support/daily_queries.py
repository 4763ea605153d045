"""The queries the product runs every day, with the role each runs as.

Those of the pipelines are the stores' own. Those of a person's pages are what the service will ask.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection
from support.population import NEWEST

from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores import outbox


@dataclass(frozen=True)
class Query:
    """A query, whom it runs as, and a part of the name of the index that has to serve it.

    Where `role` is APP, it runs for the user `user_id`, whose only account has the same id.
    """

    name: str
    role: Role
    sql: str
    index: str
    values: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def opened(self, database: Database, user_id: int) -> Iterator[tuple[Connection, dict]]:
        """Gives a connection as the role and the values for a user."""
        whom = user_id if self.role is Role.APP else None
        with database.transaction(self.role, user_id=whom) as connection:
            yield connection, self.values | ({"user_id": user_id} if whom else {})


MOMENT = f"{NEWEST} 23:00Z"
SESSION = {"session": NEWEST, "cohorts": list(range(64)), "channel": "signals"}

QUERIES = (
    Query(
        "my signals page",
        Role.APP,
        "SELECT g.id, g.session, g.action, g.strength, g.price, g.stop, s.name, y.symbol"
        " FROM signals g LEFT JOIN strategies s ON s.user_id = g.user_id AND s.id = g.strategy_id"
        " LEFT JOIN instrument_symbols y ON y.instrument_id = g.instrument_id"
        " AND y.valid_from <= g.session AND (y.valid_to IS NULL OR y.valid_to > g.session)"
        " WHERE g.user_id = :user_id ORDER BY g.session DESC, g.id DESC LIMIT 50",
        "ix_signals_user_id_session_id",
    ),
    Query(
        "due notifications",
        Role.PIPELINE,
        f"SELECT count(*) FROM notifications n {outbox._DUE}",  # noqa: S608
        "ix_notifications_due",
        {"at": MOMENT},
    ),
    Query(
        "lease of due notifications",
        Role.PIPELINE,
        outbox._LEASE,
        "ix_notifications_due",
        {"at": MOMENT, "until": f"{NEWEST} 23:03Z", "limit": 10},
    ),
    Query(
        "open lots of an account",
        Role.APP,
        "SELECT id, instrument_id, acquired_on, remaining_quantity, cost_basis FROM tax_lots"
        " WHERE account_id = :user_id AND remaining_quantity > 0"
        " ORDER BY instrument_id, acquired_on",
        "ix_tax_lots_open",
    ),
    Query(
        "latest runs of my strategies",
        Role.APP,
        "SELECT s.name, r.session, r.status, r.error, r.signals, r.withheld FROM strategies s"
        " CROSS JOIN LATERAL (SELECT * FROM strategy_runs n WHERE n.strategy_id = s.id"
        " ORDER BY n.session DESC, n.id DESC LIMIT 1) r WHERE s.user_id = :user_id",
        "uq_strategy_runs_user_id_strategy_id_session_id",
    ),
    Query(
        "open positions of an account",
        Role.APP,
        "SELECT id, instrument_id, quantity, average_cost, cost_basis FROM positions"
        " WHERE account_id = :user_id AND status = 'open' ORDER BY instrument_id",
        "uq_positions_open",
    ),
    Query(
        "newest balance of an account",
        Role.APP,
        "SELECT as_of, currency, cash, net_liquidation, buying_power FROM account_balances"
        " WHERE account_id = :user_id ORDER BY as_of DESC LIMIT 1",
        "uq_account_balances_user_id_account_id_as_of_currency",
    ),
    Query(
        "my unread notifications",
        Role.APP,
        "SELECT id, channel, session, message FROM notifications WHERE user_id = :user_id"
        " AND read_at IS NULL AND dismissed_at IS NULL ORDER BY id DESC LIMIT 50",
        "ix_notifications_unread",
    ),
    Query(
        "newest transactions of an account",
        Role.APP,
        "SELECT id, trade_date, kind, quantity, price, net_amount FROM transactions"
        " WHERE account_id = :user_id ORDER BY trade_date DESC, id DESC LIMIT 50",
        "_transactions_user_id_account_id",
    ),
    Query(
        "signals of a session nobody was told",
        Role.PIPELINE,
        outbox._UNTOLD_SIGNALS,
        "ix_signals_session",
        SESSION,
    ),
)
