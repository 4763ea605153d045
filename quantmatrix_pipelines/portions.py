"""Portions: what is counted by a key, taken together as long as it fits into memory."""

from collections.abc import Hashable, Iterator, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def portions(counts: Mapping[Key, int], *, most: int) -> Iterator[list[Key]]:
    """Gives the keys in their order, as many together as have `most` rows; one may have more."""
    together: list[Key] = []
    rows = 0
    for key, count in counts.items():
        if together and rows + count > most:
            yield together
            together, rows = [], 0
        together.append(key)
        rows += count
    if together:
        yield together
