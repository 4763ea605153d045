"""The console: shows what would be sent to a person who has not configured a webhook."""

from collections.abc import Callable, Iterator

from quantmatrix_adapters.channels.base import Receipt, one_line
from quantmatrix_engine.notifications.message import Item, Message

NOT_SENT = "[not sent: no webhook configured]"


class ConsoleChannel:
    """Hands each message, as plain text of several lines, to `write` in one call.

    The text has no line break at its end: `print` and `typer.echo` add one.
    """

    name = "console"

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def send(self, message: Message, *, target: str | None) -> Receipt:
        """Writes the message; `target` is not used. The receipt has no message id.

        Raises what `write` raises and nothing of its own.
        """
        del target
        self._write(render(message))
        return Receipt(None)


def render(message: Message) -> str:
    """Gives the whole message as text; nothing is cut. The first line says it was not sent."""
    return "\n".join([NOT_SENT, *_lines(message)])


def _lines(message: Message) -> Iterator[str]:
    yield one_line(message.headline)
    yield from (one_line(note) for note in message.notes)
    for item in message.items:
        yield ""
        yield from _item_lines(item)
    if message.also:
        yield ""
        yield "Also"
        yield from (f"  • {one_line(text)}" for text in message.also)
    if message.footer.strip():
        yield ""
        yield one_line(message.footer)


def _item_lines(item: Item) -> Iterator[str]:
    yield one_line(item.title)
    for reason in item.reasons:
        yield f"  {'✓' if reason.is_met else '✗'} {one_line(reason.text)}"
    pairs = [
        (one_line(name), one_line(value)) for name, value in (*item.levels, ("Size", item.size))
    ]
    width = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        yield f"  {name:<{width}}  {value}"


CHANNEL = ConsoleChannel
