import datetime as dt

from quantmatrix_adapters.channels.base import Receipt
from quantmatrix_adapters.channels.console import ConsoleChannel
from quantmatrix_engine.notifications.message import Item, Message, Reason
from quantmatrix_engine.vocabulary import Action

ITEM = Item(
    signal_id=7,
    action=Action.ENTRY,
    symbol="AAPL",
    title="Entry: AAPL",
    strength=0.81,
    reasons=(Reason(text="RSI 41 < 70", is_met=True), Reason(text="not extended", is_met=False)),
    levels=(("Price", "187.20"), ("Stop", "180.00")),
    size="5 % of the account",
)
MESSAGE = Message(
    headline="2 signals for 2026-11-20",
    session=dt.date(2026, 11, 20),
    items=(ITEM,),
    also=("MSFT: exit",),
    notes=("TSLA was withheld: no bar",),
    footer="QuantMatrix",
)


def shown(message: Message) -> str:
    texts: list[str] = []
    assert ConsoleChannel(texts.append).send(message, target=None) == Receipt(None)
    (text,) = texts
    return text


def test_a_message_is_written_in_one_call_and_says_that_it_was_not_sent():
    assert shown(MESSAGE).splitlines() == [
        "[not sent: no webhook configured]",
        "2 signals for 2026-11-20",
        "TSLA was withheld: no bar",
        "",
        "Entry: AAPL",
        "  ✓ RSI 41 < 70",
        "  ✗ not extended",
        "  Price  187.20",
        "  Stop   180.00",
        "  Size   5 % of the account",
        "",
        "Also",
        "  • MSFT: exit",
        "",
        "QuantMatrix",
    ]


def test_a_message_without_items_has_no_empty_sections():
    quiet = MESSAGE.model_copy(update={"items": (), "also": (), "notes": (), "footer": ""})
    assert shown(quiet).splitlines() == [
        "[not sent: no webhook configured]",
        "2 signals for 2026-11-20",
    ]


def test_a_name_cannot_steer_the_terminal():
    text = shown(MESSAGE.model_copy(update={"headline": "a\x1b[31mred\x07\nb\u202ec"}))
    assert text.splitlines()[1] == "a [31mred b c"


def test_the_target_is_not_shown():
    texts: list[str] = []
    ConsoleChannel(texts.append).send(MESSAGE, target="https://example.org/a-secret-token")
    assert "a-secret-token" not in texts[0]
