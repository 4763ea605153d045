"""A database as full as after two years of business, made inside PostgreSQL."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

INSTRUMENTS, SESSIONS, TOLD_SESSIONS = 2_000, 60, 200


@dataclass(frozen=True)
class Size:
    """How much there is of what is most."""

    users: int
    strategies: int
    signals: int
    transactions: int

    def times(self, factor: float) -> "Size":
        """Gives `factor` times as much of everything."""
        return Size(*(max(int(count * factor), 1) for count in vars(self).values()))


FULL = Size(users=5_000, strategies=15_000, signals=5_000_000, transactions=2_000_000)
NEWEST = dt.date(2026, 11, 20)


def populate(engine: Engine, size: Size) -> None:
    """Fills an empty migrated database, the same way each time, and takes statistics.

    References and triggers are not asked meanwhile; what is written keeps them.
    """
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("SET LOCAL synchronous_commit = off"))
        for statement in _STATEMENTS:
            _run(connection, statement, size)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # As where autovacuum has been: without it an index alone answers nothing, and the plans of
        # a large database are others.
        connection.execute(text("VACUUM (ANALYZE)"))


def _run(connection: Connection, statement: str, size: Size) -> None:
    values = {
        **vars(size),
        "instruments": INSTRUMENTS,
        "sessions": SESSIONS,
        "told_sessions": TOLD_SESSIONS,
    }
    for name, value in values.items():
        statement = statement.replace("{" + name + "}", str(value))
    connection.execute(text(statement.replace("::", "\\:\\:")))


# Sessions are days counted back from the newest; weekends are not left out.
_STATEMENTS = (
    "INSERT INTO users (id, name, cohort) SELECT i, 'user-' || i, i % 64"
    " FROM generate_series(1, {users}) i",
    "INSERT INTO instruments (id, kind, exchange, currency)"
    " SELECT i, 'stock', 'XNYS', 'USD' FROM generate_series(1, {instruments}) i",
    "INSERT INTO instrument_symbols (instrument_id, symbol, exchange, valid_from)"
    " SELECT i, 'SYM' || i, 'XNYS', date '2000-01-03' FROM generate_series(1, {instruments}) i",
    "INSERT INTO strategies (id, user_id, name, kind, params, universe)"
    " SELECT i, 1 + (i - 1) % {users}, 'strategy ' || i, 'atr_matrix', '{}', '{}'"
    " FROM generate_series(1, {strategies}) i",
    "INSERT INTO strategy_runs (id, user_id, strategy_id, session, kind, kind_version, params,"
    " universe, code_version, status, candidates, signals, withheld, evaluated_at)"
    " SELECT d * {strategies} + i, 1 + (i - 1) % {users}, i, date '2026-11-20' - d, 'atr_matrix',"
    " 1, '{}', '{}', '1', 'succeeded', 2000, 1, 0, timestamptz '2026-11-21 00:15Z'"
    " FROM generate_series({sessions} - 1, 0, -1) d, generate_series(1, {strategies}) i",
    # Signal n is of strategy n mod S; each round of S is a session, and rounds beyond the sessions
    # are about further instruments.
    "INSERT INTO signals (id, user_id, strategy_id, run_id, instrument_id, session, action,"
    " strength, price, stop, size_pct, size_basis, trace)"
    " SELECT n + 1, 1 + s % {users}, 1 + s,"
    " ({sessions} - 1 - round % {sessions}) * {strategies} + 1 + s,"
    " 1 + (s * 31 + round / {sessions}) % {instruments},"
    " date '2026-11-20' - ({sessions} - 1 - round % {sessions})::int, 'entry', 0.5, 100, 90, 5,"
    " 'account', '[]'"
    " FROM (SELECT n, n % {strategies} AS s, n / {strategies} AS round"
    "       FROM generate_series(0, {signals} - 1) n) numbered",
    "INSERT INTO notifications (id, user_id, channel, session, part, message, status, due_at,"
    " message_id, attempts, created_at, finished_at, read_at)"
    " SELECT d * {users} + u, u, 'signals', date '2026-11-20' - d, 1, '{}',"
    " CASE WHEN is_due THEN 'pending' ELSE 'sent' END, at,"
    " CASE WHEN NOT is_due THEN '1' END, CASE WHEN is_due THEN 0 ELSE 1 END, at,"
    " CASE WHEN NOT is_due THEN at END, CASE WHEN d > 2 THEN at END"
    " FROM (SELECT d, u, d = 0 AND u % 100 = 0 AS is_due,"
    "              (date '2026-11-20' - d)::timestamptz AS at"
    "       FROM generate_series({told_sessions} - 1, 0, -1) d, generate_series(1, {users}) u) one",
    "INSERT INTO notification_signals (user_id, notification_id, signal_id, channel)"
    " SELECT g.user_id, n.id, g.id, 'signals' FROM signals g"
    " JOIN notifications n ON n.user_id = g.user_id AND n.session = g.session",
    "INSERT INTO accounts (id, user_id, broker, number, name, tax_treatment)"
    " SELECT u, u, 'ibkr', 'U' || u, 'Main', 'taxable' FROM generate_series(1, {users}) u",
    "INSERT INTO transactions (id, user_id, account_id, instrument_id, kind, quantity, price,"
    " net_amount, currency, traded_at, trade_date, external_id, source)"
    " SELECT n + 1, 1 + n % {users}, 1 + n % {users}, 1 + (n / {users}) / 2 % {instruments},"
    " CASE WHEN (n / {users}) % 2 = 0 THEN 'buy' ELSE 'sell' END,"
    " CASE WHEN (n / {users}) % 2 = 0 THEN 10 ELSE -10 END, 100,"
    " CASE WHEN (n / {users}) % 2 = 0 THEN -1000 ELSE 1000 END, 'USD', at, at::date, 'x' || n,"
    " 'flex_query'"
    " FROM (SELECT n, timestamptz '2024-11-20 15:00Z'"
    "              + (n::float8 / {transactions}) * interval '730 days' AS at"
    "       FROM generate_series(0, {transactions} - 1) n) numbered",
    # Each purchase is a lot; the sale after it has closed it, but for the newest.
    "INSERT INTO tax_lots (id, user_id, account_id, instrument_id, opening_transaction_id, origin,"
    " side, quantity, opened_quantity, remaining_quantity, acquired_on, cost_basis, currency)"
    " SELECT id, user_id, account_id, instrument_id, id, 'purchase', 'long', 10, 10,"
    " CASE WHEN id > {transactions} * 0.95 THEN 10 ELSE 0 END, trade_date, 1000, 'USD'"
    " FROM transactions WHERE kind = 'buy'",
    "INSERT INTO lot_disposals (user_id, account_id, lot_id, closing_transaction_id, kind, method,"
    " disposed_on, quantity, closed_quantity, proceeds, cost_basis, term)"
    " SELECT l.user_id, l.account_id, l.id, l.id + {users}, 'sale', 'fifo', l.acquired_on, 10, 10,"
    " 1000, 1000, 'short' FROM tax_lots l WHERE l.remaining_quantity = 0",
    # A position for each lot: where an instrument comes up again the earlier one is closed.
    "INSERT INTO positions (user_id, account_id, instrument_id, status, quantity, average_cost,"
    " cost_basis, currency, opened_at, closed_at, realized_pnl)"
    " SELECT user_id, account_id, instrument_id,"
    " CASE WHEN remaining_quantity > 0 THEN 'open' ELSE 'closed' END, remaining_quantity, 100,"
    " remaining_quantity * 100, 'USD', acquired_on, CASE WHEN remaining_quantity = 0"
    " THEN acquired_on END, 0 FROM tax_lots",
    "INSERT INTO account_balances (user_id, account_id, as_of, currency, cash, net_liquidation)"
    " SELECT u, u, timestamptz '2026-11-20 21:00Z' - d * interval '5 days', 'USD', 1000, 50000"
    " FROM generate_series(99, 0, -1) d, generate_series(1, {users}) u",
)
