"""What administrators are told of the system itself."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from quantmatrix_engine import calendars
from quantmatrix_engine.notifications.compose import FOOTER
from quantmatrix_engine.notifications.message import Message

_NAMED = 10


@dataclass(frozen=True)
class Failed:
    """A strategy of a user that could not be evaluated, and why."""

    user: str
    strategy: str
    error: str


def no_bars(expected: dt.date, newest: dt.date | None) -> Message:
    """Gives the message that bars of the session `expected` are not there, `newest` being last."""
    if newest is None:
        behind = "There are no bars at all."
    else:
        sessions = len(calendars.sessions(newest, expected)) - 1
        behind = f"The newest are of {newest}: {sessions} behind, counted in sessions."
    return _status(
        f"No bars of {expected}",
        expected,
        behind,
        "No signals of the session were made. See the runs of market_data in the Dagster UI"
        " and the table provider_fetches; run it again for the session once its cause is gone.",
    )


def instruments_behind(session: dt.date, symbols: Sequence[str]) -> Message:
    """Gives the message that some instruments have no bar, the furthest behind first."""
    more = len(symbols) - _NAMED
    named = ", ".join(symbols[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
    count = f"{len(symbols):,} instruments have" if len(symbols) > 1 else "1 instrument has"
    return _status(
        f"{count} no bar of {session}",
        session,
        f"{named}, the furthest behind first. They traded lately, and strategies say nothing of"
        " them for the session.",
        "See `quantmatrix coverage`, and `quantmatrix findings list` for rows that were"
        " refused; `quantmatrix instruments delist` ends one that left the market.",
    )


def strategies_failed(session: dt.date, failed: Sequence[Failed]) -> Message:
    """Gives the message that strategies could not be evaluated; `failed` has one at least."""
    users = len({one.user for one in failed})
    count = f"{len(failed):,} strategies" if len(failed) > 1 else "1 strategy"
    more = len(failed) - _NAMED
    return _status(
        f"{count} of {users:,} {'users' if users > 1 else 'user'} not evaluated on {session}",
        session,
        *(f"{one.user}, {one.strategy}: {one.error}" for one in failed[:_NAMED]),
        *([f"and {more:,} more"] if more > 0 else []),
        "Their users are told. `quantmatrix users show NAME` has the runs; evaluate the"
        " session again (the asset `signals`) once the cause is gone.",
    )


def _status(headline: str, session: dt.date, *notes: str) -> Message:
    return Message(
        headline=headline, session=session, items=(), also=(), notes=notes, footer=FOOTER
    )
