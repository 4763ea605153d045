import datetime as dt
import json

import pytest

from quantmatrix_engine.notifications.compose import (
    MAX_EARLIER,
    MAX_ITEMS,
    Became,
    Told,
    ToldBefore,
    Withheld,
    compose,
    money,
)
from quantmatrix_engine.notifications.message import Item, Message, Reason
from quantmatrix_engine.vocabulary import Action, SizeBasis, Stage

SESSION = dt.date(2024, 1, 3)


def rule(label="distance from SMA50 in ATR", value=2.0, threshold=4.0, comparison="<="):
    return {
        "rule": "a_rule",
        "label": label,
        "value": value,
        "comparison": comparison,
        "threshold": threshold,
        "is_met": value is not None,
        "margin": None,
        "is_required": True,
        "weight": 0.3,
    }


def traced(*rules: dict) -> str:
    return json.dumps(rules)


def told(action=Action.ENTRY, symbol="AAPL", **changes) -> Told:
    facts = {
        "signal_id": 1,
        "strategy": "My trend",
        "symbol": symbol,
        "action": action,
        "level": None,
        "strength": 0.5,
        "price": 104.0,
        "stop": None,
        "targets": (),
        "risk_reward": None,
        "size_pct": 5.0,
        "size_basis": SizeBasis.ACCOUNT if action == Action.ENTRY else SizeBasis.POSITION,
        "trace": "[]",
    }
    return Told(**facts | changes)


def message(*signals: Told, withheld=(), lateness=None, before=()) -> Message:
    return compose(SESSION, signals, withheld, lateness=lateness, told_before=before)


def symbols(composed: Message) -> list[str]:
    return [item.symbol for item in composed.items]


def many(count: int, **changes) -> list[Told]:
    return [told(symbol=f"S{number:02}", **changes) for number in range(1, count + 1)]


def test_a_message_in_full():
    entry = told(
        signal_id=7,
        strength=0.75,
        stop=101.0,
        targets=(114.0, 120.0, 124.0),
        risk_reward=10 / 3,
        trace=traced(rule(), rule("averages aligned", None, 1.0, ">=")),
        valid_until=dt.date(2024, 1, 8),
    )
    scale_out = told(
        Action.SCALE_OUT,
        "MSFT",
        signal_id=8,
        level=7.0,
        strength=0.71,
        price=1114.2,
        targets=(1114.0,),
        size_pct=25.0,
    )
    withheld = [Withheld("My trend", "GONE", "no bar of 2024-01-03; last bar 2024-01-02")]
    assert message(
        entry, scale_out, withheld=withheld, lateness="the run began at 09:00"
    ) == Message(
        headline="2024-01-03: 1 scale-out, 1 entry",
        session=SESSION,
        items=(
            Item(
                signal_id=8,
                action=Action.SCALE_OUT,
                symbol="MSFT",
                title="Scale-out MSFT at 7 ATR · My trend",
                strength=0.71,
                reasons=(),
                levels=(
                    ("Close", "1,114.20"),
                    ("Level", "1,114.00 (-0.0 %)"),
                    ("Strength", "0.71"),
                ),
                size="25.0 % of the position",
            ),
            Item(
                signal_id=7,
                action=Action.ENTRY,
                symbol="AAPL",
                title="Entry AAPL · My trend",
                strength=0.75,
                reasons=(
                    Reason(text="distance from SMA50 in ATR: 2 <= 4", is_met=True),
                    Reason(text="averages aligned: unknown >= 1", is_met=False),
                ),
                levels=(
                    ("Close", "104.00"),
                    ("Stop", "101.00 (-2.9 %)"),
                    ("Target 1", "114.00 (+9.6 %)"),
                    ("Target 2", "120.00 (+15.4 %)"),
                    ("Target 3", "124.00 (+19.2 %)"),
                    ("Reward for the risk", "3.3 : 1"),
                    ("Strength", "0.75"),
                    ("Valid until", "2024-01-08 (close)"),
                ),
                size="up to 5.0 % of the account",
            ),
        ),
        also=(),
        notes=(
            "Late: the run began at 09:00",
            "Withheld: 1 not judged: GONE (no bar of 2024-01-03; last bar 2024-01-02)",
        ),
        footer="QuantMatrix · not financial advice",
    )


def test_the_most_pressing_comes_first_exits_then_scale_outs_then_entries():
    composed = message(
        told(Action.ENTRY, "A", strength=1.0),
        told(Action.SCALE_OUT, "B", level=7.0, strength=0.7),
        told(Action.EXIT, "C", strength=0.7),
        told(Action.EXIT, "D", strength=0.9),
        told(Action.SCALE_OUT, "E", level=7.0, strength=0.9),
    )
    assert symbols(composed) == ["D", "C", "E", "B", "A"]


def test_equals_come_by_symbol_and_a_symbols_levels_from_the_top():
    composed = message(
        told(Action.SCALE_OUT, "B", level=7.0, strength=1.0),
        told(Action.SCALE_OUT, "A", level=7.0, strength=1.0),
        told(Action.SCALE_OUT, "A", level=8.0, strength=1.0),
    )
    assert [item.title.partition(" · ")[0] for item in composed.items] == [
        "Scale-out A at 8 ATR",
        "Scale-out A at 7 ATR",
        "Scale-out B at 7 ATR",
    ]


def test_the_order_given_does_not_matter():
    signals = many(4) + many(3, action=Action.EXIT, size_basis=SizeBasis.POSITION)
    assert message(*signals) == message(*reversed(signals))


@pytest.mark.parametrize(
    ("actions", "headline"),
    [
        ([Action.EXIT], "1 exit"),
        ([Action.EXIT] * 2, "2 exits"),
        ([Action.SCALE_OUT], "1 scale-out"),
        ([Action.SCALE_OUT] * 2, "2 scale-outs"),
        ([Action.ENTRY], "1 entry"),
        ([Action.ENTRY] * 2, "2 entries"),
        ([Action.ENTRY, Action.SCALE_OUT, Action.EXIT], "1 exit, 1 scale-out, 1 entry"),
    ],
)
def test_the_headline_counts_each_action_in_singular_or_plural(actions, headline):
    assert message(*map(told, actions)).headline == f"2024-01-03: {headline}"


def test_as_many_signals_as_fit_get_an_item_each():
    composed = message(*many(MAX_ITEMS))
    assert (len(composed.items), composed.also) == (MAX_ITEMS, ())


def test_signals_beyond_the_last_item_are_named():
    composed = message(*many(MAX_ITEMS), told(symbol="ZZ"))
    assert (len(composed.items), composed.also) == (MAX_ITEMS, ("1 more entry: ZZ",))


def test_a_day_of_many_exits_hides_no_entry_and_no_scale_out():
    exits = many(MAX_ITEMS + 1, action=Action.EXIT, size_basis=SizeBasis.POSITION)
    rest = [told(symbol="B"), told(symbol="A"), told(Action.SCALE_OUT, "C", level=7.0)]
    composed = message(*exits, *rest)
    shown = [item.symbol for item in composed.items]
    assert shown == ["S01", "S02", "S03", "S04", "S05", "S06", "C", "A", "B"]
    assert composed.also == ("4 more exits: S07, S08, S09, S10",)


def test_what_is_named_beyond_the_items_is_counted_by_action():
    exits = many(4, action=Action.EXIT, size_basis=SizeBasis.POSITION)
    parts = [told(Action.SCALE_OUT, f"C{rank}", level=7.0) for rank in range(4)]
    entries = [told(symbol=f"E{rank}") for rank in range(5)]
    assert message(*exits, *parts, *entries).also == (
        "1 more exit: S04",
        "1 more scale-out: C3",
        "2 more entries: E3, E4",
    )


def test_every_signal_is_counted_though_a_symbol_is_named_once():
    twice = [told(symbol="ZZ", strategy="One"), told(symbol="ZZ", strategy="Two")]
    composed = message(*many(MAX_ITEMS), *twice)
    assert composed.headline == "2024-01-03: 11 entries"
    assert composed.also == ("2 more entries: ZZ",)


def test_at_most_25_names_are_given():
    composed = message(*many(MAX_ITEMS + 27))
    (also,) = composed.also
    assert also.startswith("27 more entries: S10, S11, ")
    assert also.endswith(", S34 and 2 more")


def test_a_message_without_trouble_has_no_notes():
    assert message(told()).notes == ()


def test_withheld_instruments_are_named_up_to_five():
    withheld = [Withheld("My trend", f"W{number}", "why") for number in range(1, 8)]
    assert message(told(), withheld=withheld).notes == (
        "Withheld: 7 not judged: W1 (why); W2 (why); W3 (why); W4 (why); W5 (why) and 2 more",
    )


@pytest.mark.parametrize(
    ("price", "text"),
    [
        (1234567.891, "1,234,567.89"),
        (104.0, "104.00"),
        (1.0, "1.00"),
        (0.5, "0.5000"),
        (0.00421, "0.0042"),
    ],
)
def test_money_has_two_digits_and_four_below_one(price, text):
    assert money(price) == text


@pytest.mark.parametrize(
    ("value", "threshold", "text"),
    [
        (2.0, 4.0, "2 > 4"),
        (2.456, 4.0, "2.46 > 4"),
        (1234.5, 100.0, "1,234.5 > 100"),
        (-0.5, 0.0, "-0.5 > 0"),
        (-0.001, 3.0, "0 > 3"),
        (4.0, 4.0, "4 > 4"),
        (104.123456, 104.123456, "104.12 > 104.12"),
        # Two digits would not show what the rule saw.
        (4.0012, 4.0, "4.001 > 4"),
        (0.0042, 0.004, "0.0042 > 0.004"),
        (-0.00001, 0.0, "-0.00001 > 0"),
    ],
)
def test_a_reason_shows_two_digits_or_as_many_as_tell_its_numbers_apart(value, threshold, text):
    (item,) = message(told(trace=traced(rule("x", value, threshold, ">")))).items
    assert item.reasons[0].text == f"x: {text}"


def test_there_is_no_message_about_nothing():
    with pytest.raises(ValueError, match="nothing to tell"):
        message()


def test_a_day_on_which_all_is_withheld_or_fails_is_told():
    quiet = message(withheld=[Withheld("My trend", "GONE", "no bar")])
    assert quiet.headline == "2024-01-03: no signals"
    assert quiet.notes == ("Withheld: 1 not judged: GONE (no bar)",)
    failed = compose(quiet.session, [], [], lateness=None, failed=["My trend: no param 'x'"])
    assert failed.notes == ("Not evaluated: My trend: no param 'x'",)


def test_a_rule_whose_threshold_is_unknown_says_so():
    unknown = rule("close, average of the trend", 12.5, None, ">")
    (item,) = message(told(trace=traced(unknown))).items
    assert item.reasons[0].text == "close, average of the trend: 12.5 > unknown"


def test_what_the_limits_left_no_room_for_is_a_note_of_its_own():
    limited = Withheld(
        "My trend", "FULL", "your limit of 25 % a sector leaves no room", by_limit=True
    )
    notes = message(withheld=[Withheld("My trend", "GONE", "no bar"), limited]).notes
    assert notes == (
        "Beyond your limits: 1 not told: FULL (your limit of 25 % a sector leaves no room)",
        "Withheld: 1 not judged: GONE (no bar)",
    )


def became(stage=Stage.TARGET_HIT, symbol="AAPL", **changes) -> Became:
    facts = {
        "strategy": "My trend",
        "symbol": symbol,
        "action": Action.ENTRY,
        "said_on": dt.date(2023, 12, 29),
        "said_at": 100.0,
        "stage": stage,
        "target": 0,
        "price": None,
    }
    return Became(**facts | changes)


def notes_of(*earlier: Became) -> tuple[str, ...]:
    return compose(SESSION, [], [], lateness=None, earlier=earlier).notes


def test_what_earlier_signals_came_to_is_told_with_the_distance_from_their_price():
    found = notes_of(
        became(target=2, price=110.0),
        became(Stage.STOPPED, "MSFT", price=92.5, said_on=dt.date(2023, 12, 28)),
        became(Stage.INVALIDATED, "IBM", said_on=dt.date(2023, 12, 27)),
    )
    assert found == (
        "IBM, entry of 2023-12-27 · My trend: no longer valid: it opened at its stop or below"
        " before its price was traded",
        "MSFT, entry of 2023-12-28 · My trend: stopped at 92.50 (-7.5 %)",
        "AAPL, entry of 2023-12-29 · My trend: target 2 reached at 110.00 (+10.0 %)",
    )


def test_one_event_of_many_entries_is_told_once_with_the_newest_of_them():
    found = notes_of(
        became(target=1, price=110.0, said_on=dt.date(2023, 12, 27)),
        became(target=1, price=112.0, said_on=dt.date(2023, 12, 29)),
        became(target=1, price=111.0, said_on=dt.date(2023, 12, 28)),
    )
    assert found == (
        "AAPL, entry of 2023-12-29 and 2 before · My trend: target 1 reached at 112.00 (+12.0 %)",
    )


def test_what_is_told_of_earlier_signals_is_limited_and_the_rest_counted():
    many_stopped = [became(Stage.STOPPED, f"S{one:02}", price=90.0) for one in range(13)]
    found = notes_of(*many_stopped)
    assert len(found) == MAX_EARLIER + 1
    assert found[-1] == "3 more earlier signals came to a target, a stop or an end"


def test_strategies_that_say_the_opposite_of_one_instrument_are_named():
    found = message(
        told(symbol="AAPL", strategy="Trend"),
        told(Action.EXIT, "AAPL", strategy="Dips"),
        told(Action.EXIT, "MSFT", strategy="Trend"),
        told(Action.SCALE_OUT, "MSFT", strategy="Dips", level=7.0),
    )
    assert found.notes == ("Strategies disagree on AAPL: Dips says exit, Trend says entry",)


def test_of_many_disagreements_a_few_are_told_in_full():
    both = [
        told(action, f"S{number}", strategy=strategy)
        for number in range(8)
        for action, strategy in ((Action.ENTRY, "Trend"), (Action.EXIT, "Dips"))
    ]
    notes = message(*both).notes
    assert notes[0] == "Strategies disagree on S0: Dips says exit, Trend says entry"
    assert notes[5:] == ("Strategies disagree on 3 more: S5, S6, S7",)


def test_a_strategy_that_says_two_things_of_an_instrument_disagrees_with_nobody():
    found = message(
        told(symbol="AAPL", strategy="Trend"), told(Action.EXIT, "AAPL", strategy="Trend")
    )
    assert found.notes == ()


def test_a_signal_that_says_the_opposite_of_what_an_earlier_message_told_is_named_with_it():
    before = [
        ToldBefore("Trend", "AAPL", Action.ENTRY),
        ToldBefore("Breakout", "AAPL", Action.ENTRY),
        ToldBefore("Trend", "MSFT", Action.ENTRY),
    ]
    found = message(told(Action.EXIT, "AAPL", strategy="Dips"), told(symbol="MSFT"), before=before)
    assert found.notes == (
        "Strategies disagree on AAPL: Dips says exit, Trend says entry (told before),"
        " Breakout says entry (told before)",
    )


def test_a_disagreement_of_earlier_messages_alone_is_not_told_again():
    before = [
        ToldBefore("Trend", "AAPL", Action.ENTRY),
        ToldBefore("Dips", "AAPL", Action.EXIT),
        ToldBefore("Trend", "MSFT", Action.SCALE_OUT),
    ]
    # A strategy that says a second thing of an instrument disagrees with nobody by it.
    assert message(told(symbol="MSFT", strategy="Trend"), before=before).notes == ()
    # Who sides with one of two that disagree disagrees with the other.
    notes = message(told(symbol="AAPL", strategy="Breakout"), before=before).notes
    assert notes == (
        "Strategies disagree on AAPL: Breakout says entry, Trend says entry (told before),"
        " Dips says exit (told before)",
    )
