"""The message: what a user is told, free of any channel's markup."""

import datetime as dt

from pydantic import BaseModel, ConfigDict

from quantmatrix_engine.vocabulary import Action


class Reason(BaseModel):
    """One rule of a signal's trace, in words, and whether it was met."""

    model_config = ConfigDict(frozen=True)

    text: str
    is_met: bool


class Item(BaseModel):
    """One signal of a message. Every text is final; a channel only lays it out."""

    model_config = ConfigDict(frozen=True)

    signal_id: int
    action: Action
    symbol: str
    title: str
    strength: float
    reasons: tuple[Reason, ...]
    levels: tuple[tuple[str, str], ...]
    size: str


class Message(BaseModel):
    """A message to one user about one session.

    `items` are in the order of importance. `also` names further signals that got no item of their
    own, `notes` what the reader must know beside them (withheld instruments, lateness).
    """

    model_config = ConfigDict(frozen=True)

    headline: str
    session: dt.date
    items: tuple[Item, ...]
    also: tuple[str, ...]
    notes: tuple[str, ...]
    footer: str
