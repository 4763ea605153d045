"""Composes a user's signals of a session into messages."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from quantmatrix_engine.notifications.message import Item, Message, Reason
from quantmatrix_engine.vocabulary import Action, SizeBasis, Stage

# A Discord message takes ten embeds; one is left for the signals that get no item of their own.
MAX_ITEMS = 9
MAX_NAMES = 25
MAX_EARLIER, MAX_DISAGREEMENTS = 10, 5
FOOTER = "QuantMatrix · not financial advice"

_NOUNS = {
    Action.EXIT: ("exit", "exits"),
    Action.SCALE_OUT: ("scale-out", "scale-outs"),
    Action.ENTRY: ("entry", "entries"),
}
_ORDER = list(_NOUNS)


@dataclass(frozen=True)
class Told:
    """A stored signal as a message needs it; prices are floats, `trace` the stored JSON of rules.

    Most signals of a busy day are only named: the JSON of the others is read.
    """

    signal_id: int
    strategy: str
    symbol: str
    action: Action
    level: float | None
    strength: float
    price: float
    stop: float | None
    targets: tuple[float, ...]
    risk_reward: float | None
    size_pct: float
    size_basis: SizeBasis
    trace: str
    valid_until: dt.date | None = None


@dataclass(frozen=True)
class Withheld:
    """An instrument a strategy did not judge, with the reason in words.

    `by_limit` says that it was judged, and the user's limits left no room for the entry.
    """

    strategy: str
    symbol: str
    detail: str
    by_limit: bool = False


@dataclass(frozen=True)
class Became:
    """What an earlier signal came to on the session: at which price, and from which."""

    strategy: str
    symbol: str
    action: Action
    said_on: dt.date
    said_at: float
    stage: Stage
    target: int
    price: float | None


@dataclass(frozen=True)
class ToldBefore:
    """A signal of the session that an earlier message told."""

    strategy: str
    symbol: str
    action: Action


def compose(
    session: dt.date,
    told: Sequence[Told],
    withheld: Sequence[Withheld],
    *,
    lateness: str | None,
    failed: Sequence[str] = (),
    earlier: Sequence[Became] = (),
    told_before: Sequence[ToldBefore] = (),
) -> Message:
    """Gives the message about `told`, most pressing first: exits, scale-outs, entries by strength.

    Beyond MAX_ITEMS a signal is named in `also`; the actions take turns at the items, so that a day
    of many exits hides no entry. `lateness` says why the message comes late, None
    where it does not; `failed` are strategies that could not be evaluated, with the reason;
    `earlier` is what earlier signals came to; `told_before` are signals that earlier messages of
    the session told, named where one of `told` says the opposite. Raises ValueError where there is
    nothing to tell.
    """
    if not (told or withheld or failed or earlier):
        raise ValueError("There is nothing to tell.")
    ordered = sorted(told, key=_importance)
    shown = _shown(ordered)
    return Message(
        headline=f"{session}: {_counts(ordered)}",
        session=session,
        items=tuple(_item(signal) for place, signal in enumerate(ordered) if place in shown),
        also=tuple(_also([one for place, one in enumerate(ordered) if place not in shown])),
        notes=(
            *_notes(withheld, lateness, failed),
            *_earlier(earlier),
            *_disagreements(ordered, told_before),
        ),
        footer=FOOTER,
    )


def _shown(ordered: Sequence[Told]) -> set[int]:
    """Gives the places that get an item: the actions take turns until the items are used up."""
    places = [
        [place for place, signal in enumerate(ordered) if signal.action == action]
        for action in _ORDER
    ]
    in_turn = [place for turn in zip_longest(*places) for place in turn if place is not None]
    return set(in_turn[:MAX_ITEMS])


def _importance(signal: Told) -> tuple[int, float, str, float]:
    return (_ORDER.index(signal.action), -signal.strength, signal.symbol, -(signal.level or 0.0))


def _counts(told: Sequence[Told]) -> str:
    parts = []
    for action, (one, many) in _NOUNS.items():
        count = sum(signal.action == action for signal in told)
        if count:
            parts.append(f"{count} {one if count == 1 else many}")
    return ", ".join(parts) or "no signals"


def _item(signal: Told) -> Item:
    return Item(
        signal_id=signal.signal_id,
        action=signal.action,
        symbol=signal.symbol,
        title=f"{_title(signal)} · {signal.strategy}",
        strength=signal.strength,
        reasons=tuple(_reason(rule) for rule in json.loads(signal.trace)),
        levels=tuple(_levels(signal)),
        size=_size(signal),
    )


def _title(signal: Told) -> str:
    noun = _NOUNS[signal.action][0].capitalize()
    level = f" at {signal.level:g} ATR" if signal.level is not None else ""
    return f"{noun} {signal.symbol}{level}"


def _reason(rule: dict[str, Any]) -> Reason:
    value, threshold = _compared(rule["value"], rule["threshold"])
    text = f"{rule['label']}: {value} {rule['comparison']} {threshold}"
    return Reason(text=text, is_met=rule["is_met"])


def _compared(value: float | None, threshold: float | None) -> tuple[str, str]:
    """Gives both with two digits after the point, or with as many as tell them apart."""
    if value is None or threshold is None:
        return _known(value), _known(threshold)
    digits = 2
    while digits < 8 and value != threshold and round(value, digits) == round(threshold, digits):
        digits += 1
    return _number(value, digits), _number(threshold, digits)


def _known(value: float | None) -> str:
    return "unknown" if value is None else _number(value, 2)


def _number(value: float, digits: int) -> str:
    # Adding 0 takes the sign off a zero.
    return f"{round(value, digits) + 0.0:,.{digits}f}".rstrip("0").rstrip(".")


def _levels(signal: Told) -> Iterator[tuple[str, str]]:
    yield ("Close", money(signal.price))
    if signal.stop is not None:
        yield ("Stop", _relative(signal.stop, signal.price))
    for rank, target in enumerate(signal.targets, start=1):
        name = "Level" if signal.action == Action.SCALE_OUT else f"Target {rank}"
        yield (name, _relative(target, signal.price))
    if signal.risk_reward is not None:
        yield ("Reward for the risk", f"{signal.risk_reward:.1f} : 1")
    yield ("Strength", f"{signal.strength:.2f}")
    if signal.valid_until is not None:
        yield ("Valid until", f"{signal.valid_until} (close)")


def money(price: float) -> str:
    """Gives a price with two digits after the point, four below 1."""
    return f"{price:,.2f}" if price >= 1 else f"{price:.4f}"


def _relative(level: float, price: float) -> str:
    return f"{money(level)} ({(level / price - 1) * 100:+.1f} %)"


def _size(signal: Told) -> str:
    of = "the account" if signal.size_basis == SizeBasis.ACCOUNT else "the position"
    prefix = "up to " if signal.size_basis == SizeBasis.ACCOUNT else ""
    return f"{prefix}{signal.size_pct:.1f} % of {of}"


def _also(rest: Sequence[Told]) -> Iterator[str]:
    for action, (one, many) in _NOUNS.items():
        symbols = [signal.symbol for signal in rest if signal.action == action]
        if symbols:
            noun = one if len(symbols) == 1 else many
            yield f"{len(symbols)} more {noun}: {_names(sorted(set(symbols)))}"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MAX_NAMES])
    beyond = len(names) - MAX_NAMES
    return f"{shown} and {beyond} more" if beyond > 0 else shown


def _notes(
    withheld: Sequence[Withheld], lateness: str | None, failed: Sequence[str]
) -> Iterator[str]:
    for one in failed:
        yield f"Not evaluated: {one}"
    if lateness is not None:
        yield f"Late: {lateness}"
    if limited := [one for one in withheld if one.by_limit]:
        yield f"Beyond your limits: {len(limited)} not told: {_named(limited)}"
    if unjudged := [one for one in withheld if not one.by_limit]:
        yield f"Withheld: {len(unjudged)} not judged: {_named(unjudged)}"


def _named(withheld: Sequence[Withheld]) -> str:
    named = [f"{one.symbol} ({one.detail})" for one in withheld[:5]]
    beyond = len(withheld) - len(named)
    return "; ".join(named) + (f" and {beyond} more" if beyond else "")


def _disagreements(told: Sequence[Told], before: Sequence[ToldBefore]) -> Iterator[str]:
    """Names the instruments about which two strategies say the opposite: to buy, and to sell.

    One of the two at least is told now.
    """
    said: dict[str, dict[tuple[str, Action], bool]] = defaultdict(dict)
    for signal in told:
        said[signal.symbol][signal.strategy, signal.action] = True
    for one in before:
        said[one.symbol].setdefault((one.strategy, one.action), False)
    opposed = [symbol for symbol in sorted(said) if _is_opposed(said[symbol])]
    for symbol in opposed[:MAX_DISAGREEMENTS]:
        words = [_says(*one, is_new=is_new) for one, is_new in said[symbol].items()]
        yield f"Strategies disagree on {symbol}: {', '.join(words)}"
    if rest := opposed[MAX_DISAGREEMENTS:]:
        yield f"Strategies disagree on {len(rest)} more: {_names(rest)}"


def _says(strategy: str, action: Action, *, is_new: bool) -> str:
    return f"{strategy} says {_NOUNS[action][0]}" + ("" if is_new else " (told before)")


def _is_opposed(said: Mapping[tuple[str, Action], bool]) -> bool:
    """Says whether two strategies say the opposite and one of them is told now (True in `said`)."""
    return any(
        buyer != seller and (is_new or is_new_too)
        for (buyer, buys), is_new in said.items()
        for (seller, sells), is_new_too in said.items()
        if buys == Action.ENTRY != sells
    )


def _earlier(earlier: Sequence[Became]) -> Iterator[str]:
    """Says what earlier signals came to: the end of a trade first, of one event once."""
    events: dict[tuple[str, str, Action, Stage, int], list[Became]] = defaultdict(list)
    for one in sorted(earlier, key=lambda one: one.said_on, reverse=True):
        events[one.symbol, one.strategy, one.action, one.stage, one.target].append(one)
    ordered = sorted(events, key=lambda key: (key[3] == Stage.TARGET_HIT, *key))
    for key in ordered[:MAX_EARLIER]:
        newest, *others = events[key]
        more = f" and {len(others)} before" if others else ""
        noun = _NOUNS[newest.action][0]
        yield (
            f"{newest.symbol}, {noun} of {newest.said_on}{more} · {newest.strategy}:"
            f" {_came_to(newest)}"
        )
    if len(ordered) > MAX_EARLIER:
        beyond = len(ordered) - MAX_EARLIER
        yield f"{beyond} more earlier signals came to a target, a stop or an end"


def _came_to(one: Became) -> str:
    at = "" if one.price is None else f" at {_relative(one.price, one.said_at)}"
    if one.stage == Stage.TARGET_HIT:
        return f"target {one.target} reached{at}"
    if one.stage == Stage.STOPPED:
        return f"stopped{at}"
    return "no longer valid: it opened at its stop or below before its price was traded"
