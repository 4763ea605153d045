"""The present moment, for the programs; the engine is handed it."""

import datetime as dt
from collections.abc import Callable

Clock = Callable[[], dt.datetime]
"""Gives the present moment, UTC."""


def utc_now() -> dt.datetime:
    """Gives the present moment."""
    return dt.datetime.now(dt.UTC)
