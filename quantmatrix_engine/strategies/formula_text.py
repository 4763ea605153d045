"""Formulas as users write them: read into a tree, or refused saying where and why.

    condition   or, of: and, of: not, of: comparison, or a condition in parentheses
    comparison  number < number, with <, <=, > or >=
    number      1.5, close, rsi(14), with + - * / and parentheses, min(a, b), max(a, b), abs(a)

Nothing is executed: this is a grammar of its own, and `formulas.py` turns the tree into polars
expressions. Errors are ParamsError and name the character, counted from 1.
"""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from quantmatrix_engine.errors import ParamsError

LONGEST = 500
"""Characters a formula may have."""
DEEPEST = 12
"""How deep parentheses, `not` and signs may be inside each other."""
MOST_COMPARISONS = 20

FUNCTIONS = {"min": 2, "max": 2, "abs": 1}
"""The functions there are, with how many numbers each takes."""
_WORDS = ("and", "or", "not")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<name>[a-z_][a-z0-9_]*)"
    r"|(?P<sign><=|>=|==|!=|<|>|[-+*/(),=]))"
)


@dataclass(frozen=True)
class Number:
    """A number as written."""

    value: float
    start: int
    end: int


@dataclass(frozen=True)
class Column:
    """`close`, or an indicator's column with the params given: (name or None, value)."""

    name: str
    params: tuple[tuple[str | None, float], ...]
    start: int
    end: int


@dataclass(frozen=True)
class Operation:
    """+ - * / of two numbers, a sign (`-` of one), or a function of FUNCTIONS."""

    name: str
    of: tuple["Node", ...]
    start: int
    end: int


@dataclass(frozen=True)
class Comparison:
    """Two numbers compared."""

    sign: str
    left: "Node"
    right: "Node"
    start: int
    end: int


@dataclass(frozen=True)
class Logic:
    """`and` or `or` of conditions, or `not` of one."""

    name: str
    of: tuple["Node", ...]
    start: int
    end: int


Node = Number | Column | Operation | Comparison | Logic


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


@functools.lru_cache(maxsize=4_096)
def condition(text: str) -> Node:
    """Gives the tree of a formula that is a condition, as `rsi(14) < 30`. Raises ParamsError."""
    reader = _Reader(text)
    return reader.condition_of(reader.whole(), "the formula")


@functools.lru_cache(maxsize=4_096)
def number(text: str) -> Node:
    """Gives the tree of a formula that is a number, as `2 * atr(14)`. Raises ParamsError."""
    reader = _Reader(text)
    return reader.number_of(reader.whole(), "the formula")


def columns(node: Node) -> list[Column]:
    """Gives the columns a tree reads, in the order they are written."""
    if isinstance(node, Column):
        return [node]
    return [one for part in parts(node) for one in columns(part)]


def comparisons(node: Node) -> list[Comparison]:
    """Gives the comparisons in a tree, in the order they are written."""
    own = [node] if isinstance(node, Comparison) else []
    return own + [one for part in parts(node) for one in comparisons(part)]


def parts(node: Node) -> tuple[Node, ...]:
    """Gives what a node is made of."""
    if isinstance(node, Comparison):
        return (node.left, node.right)
    return node.of if isinstance(node, Operation | Logic) else ()


def refuse(start: int, said: str) -> NoReturn:
    """Raises ParamsError saying what is wrong at a character (0-based here, from 1 as told)."""
    raise ParamsError(f"at character {start + 1}: {said}")


class _Reader:
    """Reads a text token by token; each method reads one rule of the grammar."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise ParamsError(f"it has {len(text):,} characters; at most {LONGEST} are read")
        self._text = text.lower()
        self._tokens = list(self._split())
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        """Gives the tree of the whole text."""
        node = self.disjunction()
        if self._next().kind != "end":
            self._unexpected("'and', 'or' or the end")
        if (count := len(comparisons(node))) > MOST_COMPARISONS:
            raise ParamsError(f"it compares {count} times; at most {MOST_COMPARISONS} are allowed")
        return node

    def disjunction(self) -> Node:
        return self._joined("or", self._conjunction)

    def condition_of(self, node: Node, place: str) -> Node:
        """Gives the node if it is a condition."""
        if isinstance(node, Comparison | Logic):
            return node
        said = f"{self._shown(node)} is a number; {place} must be a condition, as 'rsi(14) < 30'"
        refuse(node.start, said)

    def number_of(self, node: Node, place: str) -> Node:
        """Gives the node if it is a number."""
        if not isinstance(node, Comparison | Logic):
            return node
        said = f"{self._shown(node)} is a condition; {place} must be a number, as 'close'"
        refuse(node.start, said)

    def _split(self) -> list[_Token]:
        tokens, at, end = [], 0, len(self._text.rstrip())
        while at < end:
            found = _TOKEN.match(self._text, at)
            if found is None:
                at += len(self._text[at:]) - len(self._text[at:].lstrip())
                refuse(at, f"{self._text[at]!r} means nothing here")
            kind = str(found.lastgroup)
            tokens.append(_Token(kind, found[kind], found.start(kind), found.end()))
            at = found.end()
        return [*tokens, _Token("end", "", end, end)]

    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _taken(self, *texts: str) -> _Token | None:
        """Gives the next token and passes it, if it is one of these."""
        token = self._next()
        if token.kind == "end" or token.text not in texts:
            return None
        self._at += 1
        return token

    def _required(self, text: str) -> _Token:
        return self._taken(text) or self._unexpected(repr(text))

    def _unexpected(self, wanted: str) -> NoReturn:
        token = self._next()
        there = repr(token.text) if token.text else "the end"
        if token.text in {"==", "!=", "="}:
            refuse(token.start, f"{there}: numbers are seldom equal; compare with <, <=, > or >=")
        refuse(token.start, f"{there} where {wanted} should be")

    def _joined(self, word: str, one: Callable[[], Node]) -> Node:
        found = [one()]
        while self._taken(word):
            found.append(one())
        if len(found) == 1:
            return found[0]
        place = f"each side of '{word}'"
        checked = tuple(self.condition_of(part, place) for part in found)
        return Logic(word, checked, checked[0].start, checked[-1].end)

    def _conjunction(self) -> Node:
        return self._joined("and", self._negation)

    def _negation(self) -> Node:
        if token := self._taken("not"):
            with_depth = self._deeper(token.start, self._negation)
            inner = self.condition_of(with_depth, "what 'not' turns round")
            return Logic("not", (inner,), token.start, inner.end)
        return self._comparison()

    def _comparison(self) -> Node:
        left = self._sum()
        token = self._taken("<", "<=", ">", ">=")
        if token is None:
            return left
        right = self._sum()
        place = f"each side of {token.text}"
        numbers = [self.number_of(side, place) for side in (left, right)]
        if again := self._taken("<", "<=", ">", ">="):
            refuse(again.start, "three are compared; write 'a < b and b < c'")
        return Comparison(token.text, numbers[0], numbers[1], left.start, right.end)

    def _sum(self) -> Node:
        return self._chain(("+", "-"), self._product)

    def _product(self) -> Node:
        return self._chain(("*", "/"), self._signed)

    def _chain(self, signs: tuple[str, ...], one: Callable[[], Node]) -> Node:
        left: Node = one()
        while token := self._taken(*signs):
            place = f"each side of {token.text}"
            both = (self.number_of(left, place), self.number_of(one(), place))
            left = Operation(token.text, both, both[0].start, both[1].end)
        return left

    def _signed(self) -> Node:
        if token := self._taken("-"):
            inner = self.number_of(self._deeper(token.start, self._signed), "what - is put before")
            return Operation("-", (inner,), token.start, inner.end)
        return self._atom()

    def _atom(self) -> Node:
        token = self._next()
        if token.kind == "number":
            self._at += 1
            return Number(float(token.text), token.start, token.end)
        if token.kind == "name" and token.text not in _WORDS:
            self._at += 1
            return self._function(token) if token.text in FUNCTIONS else self._column(token)
        if self._taken("("):
            inner = self._deeper(token.start, self.disjunction)
            self._required(")")
            return inner
        return self._unexpected("a number, a column or a condition")

    def _function(self, name: _Token) -> Node:
        self._required("(")
        given = [self._deeper(name.start, self.disjunction)]
        while self._taken(","):
            given.append(self._deeper(name.start, self.disjunction))
        end = self._required(")").end
        if len(given) != FUNCTIONS[name.text]:
            wanted = FUNCTIONS[name.text]
            refuse(name.start, f"{name.text} takes {wanted} numbers; {len(given)} are given")
        numbers = tuple(self.number_of(one, f"what {name.text} takes") for one in given)
        return Operation(name.text, numbers, name.start, end)

    def _column(self, name: _Token) -> Node:
        if not self._taken("("):
            return Column(name.text, (), name.start, name.end)
        params: list[tuple[str | None, float]] = []
        while not (end := self._taken(")")):
            if params:
                self._required(",")
            params.append(self._param())
        return Column(name.text, tuple(params), name.start, end.end)

    def _param(self) -> tuple[str | None, float]:
        name = None
        if self._next().kind == "name":
            name = self._next().text
            self._at += 1
            self._required("=")
        sign = -1 if self._taken("-") else 1
        token = self._next()
        if token.kind != "number":
            self._unexpected("a number")
        self._at += 1
        value: float = float(token.text) if "." in token.text else int(token.text)
        return name, sign * value

    def _deeper(self, start: int, one: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            refuse(start, f"more than {DEEPEST} parentheses, 'not' or signs inside each other")
        node: Node = one()
        self._depth -= 1
        return node

    def _shown(self, node: Node) -> str:
        return repr(self._text[node.start : node.end])
