"""What the tables of an account have in common."""

from typing import Annotated

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

InstrumentId = Annotated[
    int,
    mapped_column(
        BigInteger, ForeignKey("instruments.id"), comment="The instrument the row is about."
    ),
]
"""The instrument a row is about."""


class OfAccount:
    """A row that belongs to one account of its user.

    Its table refers to `accounts`, or to a row that does so itself, by `tenancy.reference`.
    """

    account_id: Mapped[int] = mapped_column(
        BigInteger, sort_order=-1, comment="The account, one of the same user."
    )
