"""The history of signals as analysts read it."""

import datetime as dt

import pandera.polars as pa

from quantmatrix_engine.contracts.fields import UtcTime
from quantmatrix_engine.contracts.signals import Signals


class SignalHistory(Signals):
    """A stored signal with its owner, its strategy and its symbol. Key: signal_id."""

    signal_id: int = pa.Field(description="The signal.")
    user_id: int = pa.Field(description="The user it belongs to.")
    user_name: str = pa.Field(description="The user's name.")
    strategy_name: str = pa.Field(description="The user's name of the strategy.")
    kind: str = pa.Field(description="The kind of strategy.")
    symbol: str = pa.Field(description="The instrument's symbol on that session.")
    session: dt.date = pa.Field(description="The session it was said on.")
    created_at: UtcTime = pa.Field(description="Moment the signal was stored.")

    class Config:
        """A signal is one row."""

        strict = True
        unique = ["signal_id"]  # noqa: RUF012
