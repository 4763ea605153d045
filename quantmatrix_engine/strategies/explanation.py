"""Explanation: a stored rule trace in words, with what would have changed each rule."""

from collections.abc import Mapping, Sequence
from typing import Any

from quantmatrix_engine.strategies.limited import is_limit

_WHERE = {">=": "at or above", "<=": "at or below", ">": "above", "<": "below"}


def in_words(trace: Sequence[Mapping[str, Any]]) -> list[str]:
    """Gives a line for each rule of a trace (RULE_SCHEMA of `trace`), in its order.

    A met rule says how far the value may move, one that is not met from where on it would be. A
    limit says what it cut the size to.
    """
    return [_line(rule) for rule in trace]


def _line(rule: Mapping[str, Any]) -> str:
    value, bound = rule["value"], _where(rule)
    name = f"{rule['label']} ({rule['rule']})"
    if is_limit(rule):
        return f"cut      {name}: {_number(value)}, told as {_number(rule['threshold'])}"
    if value is None:
        return f"not met  {name}: no value; {_effect(rule)} {bound}"
    if not rule["is_met"]:
        return f"not met  {name}: {_number(value)}; {_effect(rule)} {bound}"
    spare = "" if rule["margin"] is None else f", {_number(rule['margin'])} to spare"
    return f"met      {name}: {_number(value)}; holds {bound}{spare}{_weight(rule)}"


def _effect(rule: Mapping[str, Any]) -> str:
    """Gives what would follow if the rule were met."""
    if rule["is_required"]:
        return "fires"
    return f"adds {_number(rule['weight'])} to the strength"


def _weight(rule: Mapping[str, Any]) -> str:
    return f" (adds {_number(rule['weight'])})" if rule["weight"] else ""


def _where(rule: Mapping[str, Any]) -> str:
    threshold = rule["threshold"]
    at = "a threshold that is missing" if threshold is None else _number(threshold)
    return f"{_WHERE[rule['comparison']]} {at}"


def _number(value: float) -> str:
    return f"{value:.6g}"
