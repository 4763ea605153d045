"""What a stored indicator column holds, told from its name."""

import re
from collections.abc import Iterable

from quantmatrix_engine.indicators.base import available


def describe(columns: Iterable[str]) -> dict[str, str]:
    """Gives the description of each column that is an output of some indicator, by name."""
    return {
        column: text for column in columns for text in [_description(column)] if text is not None
    }


def _description(column: str) -> str | None:
    for indicator in available().values():
        for template, text in zip(indicator.outputs, indicator.descriptions, strict=True):
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>\\d+(?:p\\d+)?)", re.escape(template))
            if found := re.fullmatch(pattern, column):
                shown = {name: part.replace("p", ".") for name, part in found.groupdict().items()}
                return text.format(**shown)
    return None
