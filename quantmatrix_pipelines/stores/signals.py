"""Stored signals with what their runs froze, to be listed, explained and derived again."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text

from quantmatrix_engine.errors import SettingsError
from quantmatrix_engine.strategies.replay import Said
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores.symbols import symbol_then

_SIGNAL = (
    *("instrument_id", "action", "level", "strength", "urgency", "price", "stop"),
    *(
        "target_1",
        "target_2",
        "target_3",
        "risk_reward",
        "size_pct",
        "size_basis",
        "trace",
        "valid_until",
    ),
)
_SELECT = f"""
SELECT g.id, g.run_id, g.session, u.name AS user, s.name AS strategy, r.kind, r.kind_version,
       r.params, r.code_version, r.inputs_known_at, r.evaluated_at,
       {symbol_then("g")} AS symbol,
       cardinality(v.instrument_ids) AS universe_size,
       g.instrument_id = ANY(v.instrument_ids) AS in_universe,
       {", ".join(f"g.{name}" for name in _SIGNAL)},
       coalesce(o.stage, 'pending') AS stage, o.hit_target, o.return_pct,
       ARRAY(
           SELECT DISTINCT others.name FROM signals said
           JOIN strategies others ON others.id = said.strategy_id
           WHERE said.user_id = g.user_id AND said.session = g.session
             AND said.instrument_id = g.instrument_id AND said.strategy_id <> g.strategy_id
             AND (said.action = 'entry') <> (g.action = 'entry')
           ORDER BY others.name
       ) AS opposed_by
FROM signals g
LEFT JOIN signal_outcomes o ON o.signal_id = g.id
JOIN users u ON u.id = g.user_id
JOIN strategies s ON s.id = g.strategy_id
JOIN strategy_runs r ON r.id = g.run_id
LEFT JOIN resolved_universes v ON v.user_id = r.user_id AND v.digest = r.universe_digest
"""


@dataclass(frozen=True)
class StoredSignal:
    """A signal as it was said, by whose strategy, and the moments its run rests on.

    `inputs_known_at` is the newest moment among its bars. `symbol` is the instrument's on the
    session (`symbols.symbol_then`). `universe_size` is the number of instruments the run
    was asked about, and `in_universe` whether this one is among them; both are None for runs of
    before that was kept. `stage`, `hit_target` and `return_pct` are what became of it so far.
    `opposed_by` are the user's other strategies that say the opposite on the session: to sell
    where this is to buy, or to buy.
    """

    said: Said
    session: dt.date
    user: str
    strategy: str
    symbol: str
    code_version: str
    inputs_known_at: dt.datetime
    evaluated_at: dt.datetime
    universe_size: int | None
    in_universe: bool | None
    stage: str
    hit_target: int | None
    return_pct: float | None
    opposed_by: tuple[str, ...]


@dataclass(frozen=True)
class StageSeen:
    """A stage a signal came to: on which session, at which price (None: at none)."""

    session: dt.date
    stage: str
    target: int
    price: float | None


def signal(database: Database, signal_id: int) -> StoredSignal:
    """Gives a signal. Raises SettingsError where there is none of that number."""
    with database.transaction(Role.PIPELINE) as connection:
        row = connection.execute(text(f"{_SELECT} WHERE g.id = :id"), {"id": signal_id}).first()
    if row is None:
        raise SettingsError(
            f"There is no signal {signal_id}; `quantmatrix signals list` gives the numbers."
        )
    return _stored(row)


def of_user(
    database: Database, user_id: int, *, session: dt.date | None = None, limit: int = 50
) -> list[StoredSignal]:
    """Gives a user's newest signals, the newest first, as that user; of one session where named."""
    with database.transaction(Role.APP, user_id=user_id) as connection:
        rows = connection.execute(
            text(
                f"{_SELECT} WHERE CAST(:session AS date) IS NULL OR g.session = :session"
                " ORDER BY g.session DESC, g.id DESC LIMIT :limit"
            ),
            {"session": session, "limit": limit},
        )
        return [_stored(row) for row in rows]


def stages_of(database: Database, signal_id: int) -> list[StageSeen]:
    """Gives the stages a signal came to, in their order."""
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(
                "SELECT session, stage, target, price FROM signal_stages WHERE signal_id = :id"
                " ORDER BY session, (stage <> 'triggered'), (stage <> 'target_hit'), target"
            ),
            {"id": signal_id},
        )
        return [StageSeen(row.session, row.stage, row.target, _plain(row.price)) for row in rows]


def sample(
    database: Database, session: dt.date, cohorts: Sequence[int], *, limit: int
) -> list[StoredSignal]:
    """Gives up to `limit` of a session's signals of users of these cohorts, always the same ones.

    They are spread over all by a hash of their number.
    """
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(
                # Which ones first: what else is shown of a signal is asked of these alone.
                f"{_SELECT} WHERE g.id = ANY(ARRAY("
                "  SELECT o.id FROM signals o JOIN users v ON v.id = o.user_id"
                "  WHERE o.session = :session AND v.cohort = ANY(:cohorts)"
                "  ORDER BY md5(o.id::text), o.id LIMIT :limit))"
                " ORDER BY md5(g.id::text), g.id"
            ),
            {"session": session, "cohorts": list(cohorts), "limit": limit},
        )
        return [_stored(row) for row in rows]


def _stored(row: Row[Any]) -> StoredSignal:
    said = Said(
        id=row.id,
        run_id=row.run_id,
        kind=row.kind,
        kind_version=row.kind_version,
        params=row.params,
        signal={name: _plain(getattr(row, name)) for name in _SIGNAL},
    )
    return StoredSignal(
        said,
        row.session,
        row.user,
        row.strategy,
        row.symbol,
        row.code_version,
        row.inputs_known_at.astimezone(dt.UTC),
        row.evaluated_at.astimezone(dt.UTC),
        row.universe_size,
        row.in_universe,
        row.stage,
        row.hit_target,
        row.return_pct,
        tuple(row.opposed_by),
    )


def _plain(value: Any) -> Any:
    """Gives decimals as floats, as what is derived has them; the rest as it is."""
    return float(value) if isinstance(value, Decimal) else value
