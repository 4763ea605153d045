"""What the rows of several domains have in common."""

import datetime as dt

MOMENT = dt.datetime(2026, 1, 2, 21, tzinfo=dt.UTC)


def session(number: int) -> dt.date:
    """Gives the session row `number` is about."""
    return dt.date(2026, 1, number)


def moment(number: int) -> dt.datetime:
    """Gives the close of that session."""
    return dt.datetime(2026, 1, number, 21, tzinfo=dt.UTC)
