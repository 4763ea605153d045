"""What every channel promises."""

from dataclasses import dataclass
from typing import Protocol

from quantmatrix_engine.notifications.message import Message


@dataclass(frozen=True)
class Receipt:
    """Says that a channel took a message.

    `message_id` is the channel's own name for it, or None where the channel gives none.
    """

    message_id: str | None


class Channel(Protocol):
    """Carries composed messages to a person.

    `name` is the name of the channel's file. An instance keeps nothing between two messages
    and may be shared by threads. Making one opens no connection.
    """

    name: str

    def send(self, message: Message, *, target: str | None) -> Receipt:
        """Sends the message once and gives the receipt.

        `target` is the address to send to, a secret: it is in no error and no log line. It is
        None for a channel that has one place only. Any message can be laid out; what does not
        fit is cut with "…" or counted ("… and 3 more"), never left out in silence.

        Raises, and nothing else:
        ChannelBusy when the message may be sent again after `retry_after_seconds`, a positive
        number. After a time-out the message may have arrived all the same.
        MessageRefused when this message will never be taken; others may be.
        ChannelGone when nothing must be sent to this target any more, or it never was one.
        """
        ...


def one_line(text: str) -> str:
    """Gives the text as one line of printable characters, without blanks at either end.

    Control characters (a terminal obeys them) and invisible ones (they can turn the order of a
    text around) count as blanks; a run of blanks becomes one space.
    """
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(text.split())
