"""Notifications: messages about to be put into the outbox."""

import datetime as dt

import pandera.polars as pa

from quantmatrix_engine.contracts.fields import UtcTime
from quantmatrix_engine.vocabulary import Channel, NotificationStatus


class Notifications(pa.DataFrameModel):
    """A message to one user on one channel. Key: user_id, channel, session, part."""

    user_id: int = pa.Field(description="The user it is for.")
    channel: str = pa.Field(isin=list(Channel), description="The channel it goes out on.")
    session: dt.date = pa.Field(description="The session it is about.")
    part: int = pa.Field(ge=1, description="Counts the user's messages of the session.")
    message: str = pa.Field(description="The message, JSON.")
    status: str = pa.Field(
        isin=[NotificationStatus.PENDING, NotificationStatus.SUPPRESSED],
        description="Pending, or suppressed with a reason.",
    )
    reason: str = pa.Field(nullable=True, description="Why it is suppressed, else null.")
    due_at: UtcTime = pa.Field(description="Moment from which it may be sent.")

    class Config:
        """Exactly these columns; a part is written once."""

        strict = True
        unique = ["user_id", "channel", "session", "part"]  # noqa: RUF012
