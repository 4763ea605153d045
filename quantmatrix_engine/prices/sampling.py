"""Sampling: a few of many symbols on each session, so that all have their turn."""

import datetime as dt
from collections.abc import Iterable

from quantmatrix_engine import calendars


def in_turn(symbols: Iterable[str], session: dt.date, count: int) -> list[str]:
    """Gives `count` of the symbols, sorted: those whose turn it is on a session.

    The next session has the symbols that follow, and after the last the first again: while the
    symbols stay the same, n of them are all had in n / `count` sessions, rounded up. The same
    session has the same ones every time.
    """
    ordered = sorted(set(symbols))
    if len(ordered) <= count:
        return ordered
    place = len(calendars.sessions(dt.date.min, session))
    begin = place * count % len(ordered)
    return sorted([*ordered[begin:], *ordered[:begin]][:count])
